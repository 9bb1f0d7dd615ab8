namespace Link.Core.Plugins;

/// <summary>What a call to the outside may carry along.</summary>
/// <param name="Revision">
/// Revision of the lock in etcd, as fencing token: a later holder's is higher. When deactivating, that of the activation that ends; 0: none, or without etcd's word.
/// </param>
/// <param name="DeliveryId">A UUID, the same over all retries of one wish.</param>
/// <param name="HoldsLock">
/// Asks etcd whether this host still has the lock at that revision; true also when the endpoint's policy lets it act without etcd. The driver asks
/// before and after each call that activates; a plugin of several steps asks again before the one that changes something.
/// </param>
internal sealed record OutputCall(long Revision, string DeliveryId, Func<CancellationToken, Task<bool>> HoldsLock)
{
    /// <exception cref="LockLostException">This host has the lock no more.</exception>
    public async Task RequireLockAsync(CancellationToken cancel)
    {
        if (!await HoldsLock(cancel).ConfigureAwait(false))
            throw new LockLostException();
    }
}
