namespace Link.Core.Agent;

/// <summary>A value from etcd with the revision at which its key changed last.</summary>
internal readonly record struct Revised<T>(T Value, long ModRevision);
