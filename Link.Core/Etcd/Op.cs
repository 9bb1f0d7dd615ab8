using Google.Protobuf;

namespace Link.Core.Etcd;

/// <summary>The operations of a transaction. etcd allows 128 in each branch, nested ones counted on their own.</summary>
internal static class Op
{
    public static RequestOp Put(string key, string value, long lease = 0) => Put(key, Utf8(value), lease);

    public static RequestOp Put(string key, ByteString value, long lease = 0) =>
        new() { RequestPut = new PutRequest { Key = Utf8(key), Value = value, Lease = lease } };

    public static RequestOp Delete(string key) => Delete(EtcdRange.Single(key));

    public static RequestOp DeletePrefix(string prefix) => Delete(EtcdRange.Prefix(prefix));

    public static RequestOp Delete(EtcdRange range) =>
        new() { RequestDeleteRange = new DeleteRangeRequest { Key = range.Key, RangeEnd = range.End } };

    public static RequestOp Get(string key) => Get(EtcdRange.Single(key));

    public static RequestOp GetPrefix(string prefix) => Get(EtcdRange.Prefix(prefix));

    public static RequestOp Get(EtcdRange range) =>
        new() { RequestRange = new RangeRequest { Key = range.Key, RangeEnd = range.End } };

    /// <summary>A transaction within a transaction, with conditions of its own.</summary>
    public static RequestOp Nested(TxnRequest txn) => new() { RequestTxn = txn };

    private static ByteString Utf8(string text) => ByteString.CopyFromUtf8(text);
}
