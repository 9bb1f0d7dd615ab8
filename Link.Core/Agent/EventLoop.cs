using Link.Core.Net.Linux;

namespace Link.Core.Agent;

/// <summary>
/// The agent's one thread of decisions: epoll over the kernel's descriptors, a timer on CLOCK_BOOTTIME and a bounded queue of work from other threads.
/// Whatever it runs must not block.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private const int PauseMs = 10;

    private readonly int _capacity;
    private readonly TimeSpan _patience;
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

    /// <param name="capacity">How much work may wait.</param>
    /// <param name="patience">How long <see cref="InvokeAsync"/> waits for room; null: 5 s.</param>
    public EventLoop(int capacity = 65_536, TimeSpan? patience = null)
    {
        _capacity = capacity;
        _patience = patience ?? TimeSpan.FromSeconds(5);
        _epoll.Add(_posted.Fd);
        _epoll.Add(_timer.Fd);
    }

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
            if (_stopping || _work.Count >= _capacity)
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
                Monitor.Wait(_gate, PauseMs);
            }
        }
    }

    /// <summary>Runs a function on the loop and gives its result.</summary>
    /// <exception cref="TimeoutException">The loop is so far behind that there was no room for the function.</exception>
    /// <exception cref="OperationCanceledException">The loop has stopped.</exception>
    public Task<T> InvokeAsync<T>(Func<T> function) => InvokeAsync(function, static work => work());

    /// <param name="take">Gets the work on the loop, and runs it then or later.</param>
    /// <inheritdoc cref="InvokeAsync{T}(Func{T})"/>
    public async Task<T> InvokeAsync<T>(Func<T> function, Action<Action> take)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        long since = Environment.TickCount64;
        while (!TryPost(() => take(Run)))
        {
            if (Volatile.Read(ref _stopping))
                throw new OperationCanceledException("the agent is stopping");
            if (Environment.TickCount64 - since >= _patience.TotalMilliseconds)
                throw new TimeoutException($"the agent is overloaded: {_capacity} pieces of work wait for its event loop");
            await Task.Delay(PauseMs).ConfigureAwait(false);
        }

        return await result.Task.ConfigureAwait(false);

        void Run()
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception fault)
            {
                result.SetException(fault);
            }
        }
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
