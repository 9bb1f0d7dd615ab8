using Xunit;

namespace Link.Tests.Plugins.Outscale;

/// <summary>A request that has come and waits for the test's word.</summary>
internal sealed class HeldRequest
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool HasArrived => _arrived.Task.IsCompleted;

    public void Release() => _released.TrySetResult();

    public Task ArriveAsync()
    {
        _arrived.TrySetResult();
        return _released.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
    }
}
