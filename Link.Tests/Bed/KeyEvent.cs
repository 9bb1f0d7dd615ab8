namespace Link.Tests.Bed;

/// <summary>A key of etcd was put or deleted (by hand, or because its lease ended).</summary>
/// <param name="Value">Empty after a deletion.</param>
/// <param name="Lease">0: none.</param>
internal readonly record struct KeyEvent(long At, bool Deleted, string Key, string Value, long Lease);
