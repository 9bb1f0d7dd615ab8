namespace Link.Core.Plugins;

/// <summary>What <see cref="RemoteOutputs"/> needs of the agent, and tells it. On the loop, but for <see cref="HoldsLockAsync"/>.</summary>
internal interface IRemoteOutputEvents
{
    /// <summary>Runs work on the loop; from any thread.</summary>
    void Post(Action work);

    /// <summary>Asks etcd whether this host has the endpoint's lock at that revision; without etcd, the endpoint's policy answers. From any thread.</summary>
    /// <param name="revision">0: the output was activated without etcd's word.</param>
    Task<bool> HoldsLockAsync(string endpointId, long revision, CancellationToken cancel);

    /// <param name="error">What the last call failed with; null: the last call succeeded.</param>
    /// <param name="failures">Calls that failed in a row.</param>
    /// <param name="retryIn">When the next one is due.</param>
    void CallEnded(RemoteOutput output, string? error, int failures, TimeSpan retryIn);

    /// <param name="fault">Why the output cannot work; null: it can.</param>
    void OutputChanged(IOutput output, string? fault);
}
