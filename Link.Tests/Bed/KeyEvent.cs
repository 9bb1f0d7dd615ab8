namespace Link.Tests.Bed;

/// <summary>A key of etcd was put or deleted (by hand, or because its lease ended).</summary>
internal readonly record struct KeyEvent(long At, bool Deleted, string Value);
