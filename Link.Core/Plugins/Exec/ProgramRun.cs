using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Exec;

/// <summary>One run of a program, on a thread of its own.</summary>
internal sealed class ProgramRun
{
    /// <summary>How long the end of the output is awaited when the program has ended: what it left running may hold it open for ever.</summary>
    private const long LingerMs = 200;

    /// <summary>For processes that were killed to disappear.</summary>
    private const long BurialMs = 1_000;

    private readonly ChildProcess _child;
    private readonly ProgramOutput _output = new();
    private readonly byte[] _buffer = new byte[16 * 1024];

    private ProgramRun(ChildProcess child) => _child = child;

    /// <param name="grace">Between SIGTERM and SIGKILL.</param>
    /// <inheritdoc cref="IProgramRunner.RunAsync"/>
    public static ProgramEnd Run(IReadOnlyList<string> argv, IReadOnlyList<string> environment, TimeSpan timeout, TimeSpan grace, CancellationToken cancel)
    {
        using var wake = new EventFd();
        using CancellationTokenRegistration registration = cancel.Register(wake.Set);
        using ChildProcess child = ChildProcess.Start(argv[0], argv, environment);
        return new ProgramRun(child).Run((long)timeout.TotalMilliseconds, (long)grace.TotalMilliseconds, wake, cancel);
    }

    private ProgramEnd Run(long timeoutMs, long graceMs, EventFd wake, CancellationToken cancel)
    {
        bool byItself = Follow(timeoutMs, wake, toEndOfOutput: false);
        if (!byItself)
            _child.SignalGroup(Signal.SIGTERM);
        Follow(byItself ? LingerMs : graceMs, null, toEndOfOutput: true);
        if (!byItself)
            _child.SignalGroup(Signal.SIGKILL);

        // No limit: a process that sleeps where no signal reaches it is not gone, and the next one must not meet it.
        ProcessStatus? status = _child.AwaitEnd();
        bool isGood = byItself && status is { IsSuccess: true };

        // What a program leaves running is its own affair if it did what it should. Nothing of a failed run may meet the next one.
        if (!isGood)
            _child.SignalGroup(Signal.SIGKILL);
        _child.Reap();
        if (!isGood)
            _child.AwaitGroup(BurialMs);
        if (!byItself)
            cancel.ThrowIfCancellationRequested();
        ProgramEndKind kind = !byItself ? ProgramEndKind.Overdue
            : status is not { } known ? ProgramEndKind.Unknown
            : known.BySignal ? ProgramEndKind.Killed
            : ProgramEndKind.Exited;
        return new ProgramEnd(kind, status?.Number ?? 0, _output.ToArray(), _output.IsCut);
    }

    /// <summary>Reads what the program writes until it ends.</summary>
    /// <param name="wake">Ends it early.</param>
    /// <param name="toEndOfOutput">Until its output has ended as well: nobody of its group holds it open.</param>
    /// <returns>False: the time is over, or <paramref name="wake"/> was set.</returns>
    private bool Follow(long mostMs, EventFd? wake, bool toEndOfOutput)
    {
        long untilMs = BootClock.NowMs + mostMs;
        while (!_child.HasEnded || (toEndOfOutput && _child.IsOutputOpen))
        {
            long leftMs = untilMs - BootClock.NowMs;
            if (leftMs <= 0 || !_child.Wait(wake, leftMs))
                return false;
            if (_child.IsReadable)
                _output.Add(_child.Read(_buffer));
        }

        return true;
    }
}
