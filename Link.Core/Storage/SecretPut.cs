using Google.Protobuf;
using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>A secret that is to be written.</summary>
internal sealed record SecretPut(string Key, SecretRecord Record)
{
    public RequestOp ToOp() => Op.Put(Key, UnsafeByteOperations.UnsafeWrap(Record.Write()));
}
