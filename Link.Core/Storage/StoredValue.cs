using Google.Protobuf;

namespace Link.Core.Storage;

/// <summary>A key in etcd and its value.</summary>
internal sealed record StoredValue(string Key, ByteString Value);
