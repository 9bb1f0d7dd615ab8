using Link.Core.Net.Linux;

namespace Link.Core.Agent;

/// <summary>
/// The agent's one thread of decisions: epoll over the kernel's descriptors, a timer on CLOCK_BOOTTIME and a bounded queue of work from other threads.
/// Whatever it runs must not block.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private const int Capacity = 65_536;

    private readonly Epoll _epoll = new();
    private readonly EventFd _posted = new();
    private readonly TimerFd _timer = new();
    private readonly Dictionary<int, Action<long>> _readers = [];
    private readonly object _gate = new();
    private readonly ManualResetEventSlim _ended = new(true);
    private Queue<Action> _work = new();
    private Queue<Action> _spare = new();
    private bool _signalled;
    private bool _stopping;
    private long _lastTurnMs = BootClock.NowMs;

    public EventLoop()
    {
        _epoll.Add(_posted.Fd);
        _epoll.Add(_timer.Fd);
    }

    /// <summary>When the loop last went round, in CLOCK_BOOTTIME milliseconds. Readable from any thread.</summary>
    public long LastTurnMs => Volatile.Read(ref _lastTurnMs);

    /// <summary>Runs <paramref name="onReadable"/> on the loop, with the time, whenever the descriptor can be read. Call before <see cref="Run"/> or on the loop.</summary>
    public void Watch(int fd, Action<long> onReadable)
    {
        _readers.Add(fd, onReadable);
        _epoll.Add(fd);
    }

    public void Unwatch(int fd)
    {
        _readers.Remove(fd);
        _epoll.Remove(fd);
    }

    /// <summary>Queues work from any thread. False: the loop has stopped, or is so far behind that the work was not queued.</summary>
    public bool TryPost(Action work)
    {
        lock (_gate)
        {
            if (_stopping || _work.Count >= Capacity)
                return false;
            _work.Enqueue(work);
            if (_signalled)
                return true;
            _signalled = true;
        }

        _posted.Set();
        return true;
    }

    /// <summary>As <see cref="TryPost"/>, but waits for room: what an adapter reports must not be lost.</summary>
    public void Post(Action work)
    {
        while (!TryPost(work))
        {
            lock (_gate)
            {
                if (_stopping)
                    return;
                Monitor.Wait(_gate, 10);
            }
        }
    }

    /// <summary>Runs a function on the loop and gives its result.</summary>
    /// <exception cref="InvalidOperationException">The loop is overloaded or has stopped.</exception>
    public Task<T> InvokeAsync<T>(Func<T> function) => InvokeAsync(function, static work => work());

    /// <param name="take">Gets the work on the loop, and runs it then or later.</param>
    /// <inheritdoc cref="InvokeAsync{T}(Func{T})"/>
    public Task<T> InvokeAsync<T>(Func<T> function, Action<Action> take)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = TryPost(() => take(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception fault)
            {
                result.SetException(fault);
            }
        }));
        return posted ? result.Task : throw new InvalidOperationException("the agent is overloaded or stopping");
    }

    /// <summary>Turns until <see cref="Stop"/>, on the calling thread.</summary>
    /// <param name="turn">Called after each batch of work and at the time that its last call returned (CLOCK_BOOTTIME milliseconds; long.MaxValue: not by time).</param>
    public void Run(Func<long, long> turn)
    {
        _ended.Reset();
        try
        {
            Span<EpollReady> ready = stackalloc EpollReady[64];
            while (true)
            {
                long now = BootClock.NowMs;
                Volatile.Write(ref _lastTurnMs, now);
                long wake = turn(now);
                if (Volatile.Read(ref _stopping))
                    return;
                _timer.Set(wake == long.MaxValue ? null : wake);
                int count = _epoll.Wait(ready, -1);
                now = BootClock.NowMs;
                for (int i = 0; i < count; i++)
                {
                    int fd = ready[i].Fd;
                    if (fd == _posted.Fd)
                        RunPosted();
                    else if (fd == _timer.Fd)
                        _timer.Reset();
                    else if (_readers.TryGetValue(fd, out Action<long>? reader))
                        reader(now);
                }
            }
        }
        finally
        {
            _ended.Set();
        }
    }

    /// <summary>Ends <see cref="Run"/> after the work in hand. From any thread.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            Volatile.Write(ref _stopping, true);
            Monitor.PulseAll(_gate);
        }

        _posted.Set();
    }

    public void Dispose()
    {
        _ended.Wait(TimeSpan.FromSeconds(1));
        _timer.Dispose();
        _posted.Dispose();
        _epoll.Dispose();
    }

    private void RunPosted()
    {
        Queue<Action> batch;
        lock (_gate)
        {
            _posted.Reset();
            _signalled = false;
            batch = _work;
            _work = _spare;
            _spare = batch;
            Monitor.PulseAll(_gate);
        }

        while (batch.TryDequeue(out Action? work))
            work();
    }
}
