using Google.Protobuf;

namespace Link.Core.Etcd;

/// <summary>A half-open range of keys [Key, End). An empty End means the one key; a single zero byte means "to the end".</summary>
internal readonly record struct EtcdRange(ByteString Key, ByteString End)
{
    public static EtcdRange Single(string key) => new(ByteString.CopyFromUtf8(key), ByteString.Empty);

    /// <summary>All keys that start with <paramref name="prefix"/>: the end is the prefix with its last byte below 0xff increased by one.</summary>
    public static EtcdRange Prefix(string prefix)
    {
        ByteString key = ByteString.CopyFromUtf8(prefix);
        byte[] end = key.ToByteArray();
        for (int i = end.Length - 1; i >= 0; i--)
        {
            if (end[i] == 0xff)
                continue;
            end[i]++;
            return new EtcdRange(key, ByteString.CopyFrom(end, 0, i + 1));
        }
        return new EtcdRange(key.IsEmpty ? ByteString.CopyFrom(0) : key, ByteString.CopyFrom(0));
    }
}
