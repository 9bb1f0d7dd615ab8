using System.Collections.Concurrent;
using Link.Core.Plugins;
using Xunit;

namespace Link.Tests.Plugins;

/// <summary>The agent's loop and election around <see cref="RemoteOutputs"/>, with a clock that the test moves.</summary>
internal sealed class RemoteLoop : IRemoteOutputEvents, IDisposable
{
    private readonly ConcurrentQueue<Action> _posted = new();
    private int _ended;
    private int _seen;
    private int _asked;

    public RemoteLoop(int maxCalls = 64)
    {
        Outputs = new RemoteOutputs(
            new RemoteOutputOptions { EnsureInterval = TimeSpan.FromSeconds(1), MaxBackoff = TimeSpan.FromMinutes(10), MaxCalls = maxCalls },
            this,
            () => NowMs,
            new Random(1));
        Output = Add("vip-1");
    }

    public RemoteOutputs Outputs { get; }

    public RemoteOutput Output { get; }

    public FakeRemote Remote { get; } = new();

    public long NowMs { get; private set; } = 1_000_000;

    /// <summary>What etcd says of the lock.</summary>
    public long? LockRevision { get; set; } = 1;

    public bool OthersCompete { get; set; }

    public int Asked => Volatile.Read(ref _asked);

    public List<string> Errors { get; } = [];

    /// <summary>What the other side wrote with each of the errors.</summary>
    public List<string?> Answers { get; } = [];

    public string? Fault { get; private set; }

    public RemoteOutput Add(string id) => Outputs.Add("fake", new OutputTarget(id, $"fake/{id}", "web-1"), Remote);

    /// <summary>Lets time pass.</summary>
    public void Pass(long ms)
    {
        NowMs += ms;
        Turn();
    }

    public void Turn()
    {
        while (_posted.TryDequeue(out Action? work))
            work();
        Outputs.Tick(NowMs);
    }

    public async Task<RemoteCall> NextCallAsync()
    {
        RemoteCall? call = null;
        await UntilAsync(() => Remote.Calls.TryRead(out call));
        return call!;
    }

    /// <summary>Waits until one more call than before has ended and been dealt with.</summary>
    public Task EndedAsync()
    {
        _seen++;
        return UntilAsync(() => _ended >= _seen);
    }

    public async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        for (Turn(); !condition(); Turn())
            await Task.Delay(1, deadline.Token);
    }

    public void Dispose() => Outputs.Dispose();

    void IRemoteOutputEvents.Post(Action work) => _posted.Enqueue(work);

    Task<long?> IRemoteOutputEvents.FindLockAsync(string endpointId, CancellationToken cancel)
    {
        Interlocked.Increment(ref _asked);
        return Task.FromResult(LockRevision);
    }

    bool IRemoteOutputEvents.OthersCompete(string endpointId) => OthersCompete;

    void IRemoteOutputEvents.CallEnded(RemoteOutput output, string? error, string? answer, int failures, TimeSpan? retryIn)
    {
        _ended++;
        if (error == null)
            return;
        Errors.Add(error);
        Answers.Add(answer);
    }

    void IRemoteOutputEvents.OutputChanged(IOutput output, string? fault) => Fault = fault;
}
