using Google.Protobuf;
using Link.Core.Etcd;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class EtcdRangeTests
{
    [Theory]
    [InlineData("/link/", "/link0")]
    [InlineData("a", "b")]
    [InlineData("", "\0")]
    public void A_prefix_ends_before_the_next_key_without_it(string prefix, string end) =>
        Assert.Equal(ByteString.CopyFromUtf8(end), EtcdRange.Prefix(prefix).End);

    [Fact]
    public void An_empty_prefix_starts_at_the_first_possible_key() => Assert.Equal(ByteString.CopyFrom(0), EtcdRange.Prefix("").Key);

    [Fact]
    public void A_single_key_has_no_end() => Assert.True(EtcdRange.Single("/link/a").End.IsEmpty);
}
