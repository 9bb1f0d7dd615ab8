using Google.Protobuf;

namespace Link.Core.Etcd;

/// <summary>
/// A remote procedure: its path, how to read its answer, whether repeating it does no harm (it changes nothing, or changes it to the
/// same), and whether a member without a leader must refuse it at once instead of letting it wait.
/// </summary>
internal sealed record Rpc<TResponse>(string Path, MessageParser<TResponse> Parser, bool Repeatable, bool NeedsLeader = true)
    where TResponse : IMessage<TResponse>;

/// <summary>The procedures that are used.</summary>
internal static class Rpc
{
    public const string Watch = "/etcdserverpb.Watch/Watch";
    public const string LeaseKeepAlive = "/etcdserverpb.Lease/LeaseKeepAlive";

    public static readonly Rpc<RangeResponse> Range = new("/etcdserverpb.KV/Range", RangeResponse.Parser, Repeatable: true);

    /// <summary>A serializable read is answered from the member's own, possibly old data.</summary>
    public static readonly Rpc<RangeResponse> SerializableRange = new("/etcdserverpb.KV/Range", RangeResponse.Parser, Repeatable: true, NeedsLeader: false);

    public static readonly Rpc<PutResponse> Put = new("/etcdserverpb.KV/Put", PutResponse.Parser, Repeatable: false);
    public static readonly Rpc<DeleteRangeResponse> DeleteRange = new("/etcdserverpb.KV/DeleteRange", DeleteRangeResponse.Parser, Repeatable: false);
    public static readonly Rpc<TxnResponse> Txn = new("/etcdserverpb.KV/Txn", TxnResponse.Parser, Repeatable: false);
    public static readonly Rpc<CompactionResponse> Compact = new("/etcdserverpb.KV/Compact", CompactionResponse.Parser, Repeatable: false);

    /// <summary>Repeated, it may leave a lease that nobody holds, which ends by itself.</summary>
    public static readonly Rpc<LeaseGrantResponse> LeaseGrant = new("/etcdserverpb.Lease/LeaseGrant", LeaseGrantResponse.Parser, Repeatable: true);

    public static readonly Rpc<LeaseRevokeResponse> LeaseRevoke = new("/etcdserverpb.Lease/LeaseRevoke", LeaseRevokeResponse.Parser, Repeatable: true);
    public static readonly Rpc<LeaseTimeToLiveResponse> LeaseTimeToLive = new("/etcdserverpb.Lease/LeaseTimeToLive", LeaseTimeToLiveResponse.Parser, Repeatable: true);
    public static readonly Rpc<AuthenticateResponse> Authenticate = new("/etcdserverpb.Auth/Authenticate", AuthenticateResponse.Parser, Repeatable: true);
    public static readonly Rpc<StatusResponse> Status = new("/etcdserverpb.Maintenance/Status", StatusResponse.Parser, Repeatable: true, NeedsLeader: false);
}
