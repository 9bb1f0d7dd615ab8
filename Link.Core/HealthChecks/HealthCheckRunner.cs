namespace Link.Core.HealthChecks;

/// <summary>
/// Runs the checks of every endpoint on one timer. An endpoint's checks run in parallel and it passes when all do; rounds of one
/// endpoint never overlap. At rest an endpoint costs an entry in a queue, and one without checks nothing.
/// </summary>
/// <remarks>
/// Reports are given under the runner's lock, so that none of an earlier configuration comes after <see cref="Set"/> or
/// <see cref="Remove"/> returned. The callback must not block: it posts to a queue.
/// </remarks>
internal sealed partial class HealthCheckRunner : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(5);

    /// <summary>A timer takes 49 days at most, and an interval in etcd may say more: it fires, and is set again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly HealthCheckOptions _options;
    private readonly CheckProbe _probe;
    private readonly Action<HealthReport> _report;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly long _start;
    private readonly SemaphoreSlim _turns;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private readonly Dictionary<string, CheckedEndpoint> _endpoints = [];
    private readonly PriorityQueue<CheckedEndpoint, TimeSpan> _queue = new();
    private long _generation;
    private int _rounds;
    private TaskCompletionSource? _stopped;

    /// <param name="probe">Runs one check, such as <see cref="TcpCheck.ProbeAsync"/>.</param>
    /// <param name="report">Gets the first verdict on each endpoint, and every change of verdict or reason.</param>
    /// <param name="random">Spreads the first rounds over the interval.</param>
    public HealthCheckRunner(HealthCheckOptions options, CheckProbe probe, Action<HealthReport> report, TimeProvider time, Random random)
    {
        _options = options;
        _probe = probe;
        _report = report;
        _time = time;
        _random = random;
        _start = time.GetTimestamp();
        _turns = new SemaphoreSlim(options.MaxConcurrent);
        _timer = time.CreateTimer(_ => StartDueRounds(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Checks the endpoint from now on, with these checks instead of earlier ones and with a fresh verdict. Without checks it is
    /// reported healthy at once.
    /// </summary>
    /// <param name="interval">Time between the starts of two rounds; zero: the default.</param>
    /// <returns>The generation that the reports will carry.</returns>
    public long Set(string endpointId, IReadOnlyList<HealthCheck> checks, TimeSpan interval)
    {
        CancellationTokenSource? replaced;
        long generation;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped is not null, this);
            replaced = Forget(endpointId);
            generation = ++_generation;
            if (checks.Count == 0)
            {
                _report(new HealthReport(endpointId, generation, true, ""));
            }
            else
            {
                var endpoint = new CheckedEndpoint(endpointId, generation, checks, interval > TimeSpan.Zero ? interval : _options.Interval);
                endpoint.Due = Now + endpoint.Interval * _random.NextDouble();
                _endpoints.Add(endpointId, endpoint);
                _queue.Enqueue(endpoint, endpoint.Due);
                SetTimer();
            }
        }

        replaced?.Cancel();
        return generation;
    }

    /// <summary>Checks the endpoint no more. Unknown ids are no fault.</summary>
    public void Remove(string endpointId)
    {
        CancellationTokenSource? removed;
        lock (_lock)
        {
            removed = Forget(endpointId);
            SetTimer();
        }

        removed?.Cancel();
    }

    /// <summary>Cancels what is under way and waits, for 5 s at most, until it has ended. Nothing is reported any more.</summary>
    public async ValueTask DisposeAsync()
    {
        Task rounds;
        List<CancellationTokenSource> running;
        lock (_lock)
        {
            if (_stopped is not null)
                return;

            _stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            rounds = _rounds == 0 ? Task.CompletedTask : _stopped.Task;
            running = [.. _endpoints.Values.Select(endpoint => endpoint.Round).OfType<CancellationTokenSource>()];
            _endpoints.Clear();
            _queue.Clear();
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        foreach (var round in running)
            round.Cancel();
        await rounds.WaitAsync(StopDeadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    private CancellationTokenSource? Forget(string endpointId)
    {
        if (!_endpoints.Remove(endpointId, out var endpoint))
            return null;

        _queue.Remove(endpoint, out _, out _);
        return endpoint.Round;
    }

    private void SetTimer()
    {
        if (_stopped is not null)
            return;

        // Timers count whole milliseconds: one that fires too early would fire again and again until the round is due.
        var wait = _queue.TryPeek(out _, out var due)
            ? TimeSpan.FromMilliseconds(Math.Ceiling(Math.Clamp((due - Now).TotalMilliseconds, 0, LongestWait.TotalMilliseconds)))
            : Timeout.InfiniteTimeSpan;
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }
}
