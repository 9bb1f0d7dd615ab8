namespace Link.Core.Etcd;

/// <summary>What one watch looks at.</summary>
/// <param name="PreviousValue">Events carry the key's state before them.</param>
internal sealed record WatchKey(EtcdRange Range, bool PreviousValue = false)
{
    public static WatchKey Prefix(string prefix, bool previousValue = false) => new(EtcdRange.Prefix(prefix), previousValue);

    public static WatchKey Single(string key, bool previousValue = false) => new(EtcdRange.Single(key), previousValue);
}
