using Link.Core.Plugins;

namespace Link.Tests.Plugins;

/// <summary>A call of a <see cref="FakeRemote"/>, to be ended by the test.</summary>
internal sealed record RemoteCall(CallKind Kind, OutputCall Call, CancellationToken Cancel)
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task End => _end.Task;

    public void Succeed() => _end.SetResult();

    public void Fail(Exception fault) => _end.SetException(fault);
}
