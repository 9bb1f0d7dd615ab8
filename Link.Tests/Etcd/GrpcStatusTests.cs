using Link.Core.Etcd;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class GrpcStatusTests
{
    // The enum is internal to the library: its name stands for it in a public test's signature.
    [Theory]
    [InlineData(14, "etcdserver: no leader", "Unavailable", false)]
    [InlineData(14, "etcdserver: request timed out", "Unavailable", true)]
    [InlineData(14, "etcdserver: leader changed", "Unavailable", true)]
    [InlineData(5, "etcdserver: requested lease not found", "LeaseNotFound", false)]
    [InlineData(9, "etcdserver: lease already exists", "LeaseExists", false)]
    [InlineData(9, "etcdserver: authentication is not enabled", "AuthenticationNotEnabled", false)]
    [InlineData(9, "etcdserver: rpc not supported for learner", "Unavailable", false)]
    [InlineData(11, "etcdserver: mvcc: required revision has been compacted", "Compacted", false)]
    [InlineData(8, "etcdserver: mvcc: database space exceeded", "ResourceExhausted", false)]
    [InlineData(16, "etcdserver: invalid auth token", "Unauthenticated", false)]
    [InlineData(3, "etcdserver: user name is empty", "Unauthenticated", false)]
    [InlineData(3, "etcdserver: request is too large", "InvalidRequest", false)]
    [InlineData(7, "etcdserver: permission denied", "PermissionDenied", false)]
    [InlineData(4, "context deadline exceeded", "Timeout", true)]
    [InlineData(15, "etcdserver: corrupt cluster", "DataLoss", true)]
    public void Codes_and_messages_of_etcd_tell_what_to_do(int code, string message, string kind, bool maybeApplied)
    {
        EtcdException fault = new GrpcStatus(code, message).ToException("http://a:1");
        Assert.Equal((kind, maybeApplied), (fault.Kind.ToString(), fault.MaybeApplied));
        Assert.DoesNotContain("etcdserver", fault.Message);
    }

    [Theory]
    [InlineData("rpc error: code = PermissionDenied desc = etcdserver: permission denied", "PermissionDenied")]
    [InlineData("etcdserver: mvcc: required revision has been compacted", "Compacted")]
    [InlineData("rpc error: code = Unauthenticated desc = etcdserver: invalid auth token", "Unauthenticated")]
    [InlineData("", "Unavailable")]
    public void The_reason_of_a_cancelled_watch_is_understood(string reason, string kind) =>
        Assert.Equal(kind, GrpcStatus.FromCancelReason("http://a:1", reason).Kind.ToString());
}
