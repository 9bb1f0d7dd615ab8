namespace Link.Core.Election;

/// <summary>A lock key as etcd knows it.</summary>
/// <param name="Holder">Value of the key: the holder's hostname (<c>locked</c> from LinK before 1.9).</param>
/// <param name="LeaseId">The lease attached to it. Whose lease it is, is the holder.</param>
/// <param name="Revision">mod_revision; the fencing token.</param>
internal readonly record struct LockView(string Holder, long LeaseId, long Revision);
