namespace Link.Core.Election;

/// <summary>What the Elector needs to know of an endpoint.</summary>
/// <param name="Id"><c>vip-</c> and a UUID; unique on this host.</param>
/// <param name="Key">The election key; unique on this host.</param>
/// <param name="Policy">What to do while etcd does not answer.</param>
/// <param name="OnLan">True when neighbours can be asked for it (an address on an interface). Without that, <see cref="EtcdLossPolicy.Claim"/> claims unasked.</param>
/// <param name="OutputFault">Why its output cannot work at the start; null: it can.</param>
/// <param name="OldLeaseId">A lease of this endpoint alone, by which an earlier agent on this host held the lock; 0: none.</param>
internal sealed record EndpointSpec(string Id, string Key, EtcdLossPolicy Policy, bool OnLan = true, string? OutputFault = null, long OldLeaseId = 0);
