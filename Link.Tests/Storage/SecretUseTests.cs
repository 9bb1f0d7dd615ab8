using System.Text;
using Google.Protobuf;
using Link.Core.Etcd;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class SecretUseTests
{
    private const string Host = "web-1";

    [Theory]
    [InlineData("""{"id":"vip-1","plugin":"x","plugin_config":{"a":{"id":"sec-1"}}}""", true)]
    [InlineData("""{"id":"vip-1","plugin":"x","plugin_config":"see sec-1"}""", true)]
    [InlineData("""broken "sec-1" """, true)]
    [InlineData("sec-1", true)]
    [InlineData("""{"id":"sec-2"}""", false)]
    [InlineData("""{"id":"sec-11"}""", false)]
    [InlineData("""{"id":"sec-x","and":"sec-1"}""", true)]
    public void A_secret_is_used_as_long_as_a_record_mentions_it(string record, bool isUsed) => Assert.Equal(isUsed, Use(record).IsUsed(Secrets.Values.First()));

    /// <summary>Whoever may write etcd may store it: each of its 375,000 beginnings of an id goes on to the end of the text.</summary>
    [Fact]
    public void A_record_of_nothing_but_beginnings_of_ids_costs_what_reading_it_costs()
    {
        string record = $"{{\"a\":\"{string.Concat(Enumerable.Repeat("sec-", 375_000))}\"}}";
        _ = Use(record);
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = Use(record);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * record.Length);
    }

    private static IReadOnlyDictionary<string, Stored<SecretRecord>> Secrets { get; } =
        HostData.Read([], [Pair(KeyLayout.Secret(Host, "", "sec-1"), """{"id":"sec-1","endpoint_id":"","type":"aes-cfb","data":"00"}""")]).Secrets;

    private static SecretUse Use(string record) => new(Host, [new Stored<EndpointRecord>(KeyLayout.Endpoint(Host, "vip-1"), null, "broken", 1, Encoding.UTF8.GetBytes(record))], Secrets);

    private static KeyValue Pair(string key, string value) => new() { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value), ModRevision = 1 };
}
