namespace Link.Tests.Bed;

/// <summary>A key of etcd with its value.</summary>
/// <param name="Lease">0: none.</param>
internal readonly record struct EtcdEntry(string Key, string Value, long Lease, long ModRevision);
