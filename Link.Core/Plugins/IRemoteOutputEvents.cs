namespace Link.Core.Plugins;

/// <summary>What <see cref="RemoteOutputs"/> needs of the agent, and tells it. On the loop, but for the first two.</summary>
internal interface IRemoteOutputEvents
{
    /// <summary>Runs work on the loop; from any thread.</summary>
    void Post(Action work);

    /// <summary>
    /// Asks etcd whether this host has the endpoint's lock. Without an answer, what the endpoint's policy has made of it counts. From any thread.
    /// </summary>
    /// <returns>The lock's revision; 0: held without etcd's word; null: not held.</returns>
    Task<long?> FindLockAsync(string endpointId, CancellationToken cancel);

    /// <summary>True when another host may take the endpoint, should this one give it up.</summary>
    bool OthersCompete(string endpointId);

    /// <param name="error">What the last call failed with; null: it succeeded.</param>
    /// <param name="answer">What the other side wrote then, for admins and the log; null: nothing.</param>
    /// <param name="failures">Calls that failed in a row.</param>
    /// <param name="retryIn">When the next one is due; null: none is.</param>
    void CallEnded(RemoteOutput output, string? error, string? answer, int failures, TimeSpan? retryIn);

    /// <param name="fault">Why the output cannot work; null: it can.</param>
    void OutputChanged(IOutput output, string? fault);
}
