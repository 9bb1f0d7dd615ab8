using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>One machine's way to etcd: delays, loss, and a watch stream that breaks and resumes.</summary>
internal sealed class SimEtcdClient
{
    private readonly Simulation _sim;
    private readonly SimRandom _random;
    private Action<ElectorInput>? _sink;
    private string _host = "";
    private int _epoch;
    private int _generation;
    private int _cursor;
    private bool _streamUp;
    private bool _streamHeld;
    private bool _loseHistory;
    private int _cuts;
    private long _lastArrivalUs;
    private long _lastNewsUs;

    public SimEtcdClient(Simulation sim)
    {
        _sim = sim;
        _random = sim.Scenario.Draws.Fork();
        sim.Etcd.Connect(this);
    }

    /// <summary>Probabilities that a request is lost on its way, its answer is lost, or it is stuck for seconds.</summary>
    public (double Before, double After, double Stalled) Loss { get; set; }

    public bool Reachable => _cuts == 0 && _sim.Etcd.Up;

    /// <summary>Requests and news pass, and nothing was lost of late.</summary>
    public bool IsClear => Reachable && _streamUp && Loss == default && _sim.Queue.NowUs >= TroubleUntilUs;

    /// <summary>Until when trouble that is over may still show.</summary>
    public long TroubleUntilUs { get; private set; }

    public void Cut()
    {
        _cuts++;
        DropStream();
    }

    public void Heal()
    {
        _cuts--;
        Trouble();
        Resume();
    }

    public void OnEtcdStopped() => DropStream();

    public void OnEtcdStarted()
    {
        Trouble();
        Resume();
    }

    public void BreakStream(bool loseHistory)
    {
        _streamHeld = true;
        _loseHistory |= loseHistory;
        DropStream();
    }

    public void MendStream()
    {
        _streamHeld = false;
        Trouble();
        Resume();
    }

    public void Trouble() => TroubleUntilUs = _sim.Queue.NowUs + _sim.Tolerances.RecoveryUs;

    /// <summary>A process has started and watches from now on.</summary>
    public void Watch(string host, Action<ElectorInput> sink)
    {
        _host = host;
        _sink = sink;
        _loseHistory = true;
        DropStream();
        Resume();
    }

    public void StopWatching() => _sink = null;

    /// <summary>Sends a request. <paramref name="apply"/> runs at etcd and returns what the answer does at the client.</summary>
    /// <param name="failed">Runs instead, at the deadline or as soon as the connection is known to be dead.</param>
    /// <param name="lateAnswers">An answer that comes after the deadline is delivered all the same.</param>
    public void Call(long deadlineUs, Func<Action> apply, Action failed, bool lateAnswers = false)
    {
        EventQueue queue = _sim.Queue;
        long sentUs = queue.NowUs;
        long endUs = sentUs + deadlineUs;
        if (!Reachable && _random.Chance(_sim.Scenario.RefusalChance))
        {
            queue.After(LatencyUs(), failed);
            return;
        }

        if (_random.Chance(Loss.Before))
        {
            _sim.Count(Happening.RequestLostBefore);
            Trouble();
            queue.At(endUs, failed);
            return;
        }

        long arrivalUs = Math.Max(_lastArrivalUs, sentUs + LatencyUs());
        if (_random.Chance(Loss.Stalled))
        {
            _sim.Count(Happening.RequestStalled);
            arrivalUs += _random.Between(500_000, 3_000_000);
        }

        if (arrivalUs > sentUs + 600_000)
            TroubleUntilUs = arrivalUs + _sim.Tolerances.RecoveryUs;
        _lastArrivalUs = arrivalUs;
        queue.At(arrivalUs, () => Arrive(endUs, apply, failed, lateAnswers));
        if (arrivalUs > endUs)
            queue.At(endUs, failed);
    }

    private void Arrive(long endUs, Func<Action> apply, Action failed, bool lateAnswers)
    {
        EventQueue queue = _sim.Queue;
        bool hasFailed = queue.NowUs > endUs;
        if (!Reachable)
        {
            if (!hasFailed)
                queue.At(endUs, failed);
            return;
        }

        Action answer = apply();
        long answerUs = queue.NowUs + LatencyUs();
        if (_random.Chance(Loss.After))
        {
            _sim.Count(Happening.RequestLostAfter);
            Trouble();
            answerUs = long.MaxValue;
        }

        if (answerUs <= endUs)
        {
            queue.At(answerUs, () =>
            {
                if (_cuts == 0)
                    answer();
                else
                    queue.At(endUs, failed);
            });
            return;
        }

        if (!hasFailed)
            queue.At(endUs, failed);
        if (!lateAnswers || answerUs == long.MaxValue)
            return;
        _sim.Count(Happening.LateAnswer);
        queue.At(answerUs, answer);
    }

    private long LatencyUs() => _random.Chance(_sim.CalmsDown ? 0 : _sim.Scenario.SlowChance) ? _random.Between(10_000, 500_000) : _random.Between(200, 3_000);

    // ---- the watch stream ------------------------------------------------------------------------

    public void OnNews()
    {
        if (_streamUp)
            Push();
    }

    private void DropStream()
    {
        _epoch++;
        _streamUp = false;
    }

    private void Resume()
    {
        if (_sink == null || !Reachable || _streamHeld)
            return;
        DropStream();
        int epoch = _epoch;
        _sim.Queue.After(_random.Between(1_000, 200_000), () =>
        {
            if (epoch != _epoch || _sink == null)
                return;
            _streamUp = true;
            _lastNewsUs = _sim.Queue.NowUs;
            if (!_loseHistory && _generation == _sim.Etcd.Generation)
            {
                for (int i = _cursor; i < _sim.Etcd.History.Count; i++)
                    Push();
                return;
            }

            _sim.Count(Happening.StreamRestarted);
            _loseHistory = false;
            _generation = _sim.Etcd.Generation;
            _cursor = _sim.Etcd.History.Count;
            _sink(new ElectorInput.WatchStarted(_sim.Etcd.Revision));
        });
    }

    /// <summary>One more entry of the history is on its way, behind those before it.</summary>
    private void Push()
    {
        int epoch = _epoch;
        _lastNewsUs = Math.Max(_lastNewsUs, _sim.Queue.NowUs + LatencyUs());
        _sim.Queue.At(_lastNewsUs, () =>
        {
            if (epoch != _epoch)
                return;
            (string? host, ElectorInput news) = _sim.Etcd.History[_cursor++];
            if (host == null || host == _host)
                _sink?.Invoke(news);
        });
    }
}
