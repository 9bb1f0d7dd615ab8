using Link.Core.Etcd;
using Link.Core.HealthChecks;
using Link.Core.Storage;
using Link.Tests.Etcd;
using Xunit;

namespace Link.Tests.Storage;

public sealed class HostDataStoreTests(OneMember etcd) : IClassFixture<OneMember>
{
    private const string Stray = "/link/secrets/hosts/";
    private static readonly IReadOnlyList<HealthCheck> Checks = [new HealthCheck("TCP", "10.0.0.9", 80)];
    private static int s_hosts;
    private readonly string _host = $"host-{Interlocked.Increment(ref s_hosts)}";

    private HostDataStore Store => new(etcd.Client, _host);

    [Fact]
    public async Task New_checks_leave_the_rest_of_the_record_as_etcd_has_it()
    {
        var key = KeyLayout.Endpoint(_host, "vip-1");
        await PutAsync(key, """{"id":"vip-1","ip":"","healthcheck_interval":7,"plugin":"webhook","plugin_config":{"secret":{"id":"sec-1","endpoint_id":""}},"later":1}""");
        var changed = await Store.SetChecksAsync("vip-1", Checks, TestContext.Current.CancellationToken);
        Assert.Equal(Checks, changed.Value?.Checks);
        Assert.Equal(
            """{"id":"vip-1","ip":"","checks":[{"type":"TCP","host":"10.0.0.9","port":80}],"healthcheck_interval":7,"plugin":"webhook","plugin_config":{"secret":{"id":"sec-1","endpoint_id":""}},"later":1}""",
            await GetAsync(key));
    }

    [Fact]
    public async Task What_others_write_while_checks_change_is_not_lost()
    {
        const int writes = 200;
        var key = KeyLayout.Endpoint(_host, "vip-1");
        await PutAsync(key, Record(0));
        using var done = new CancellationTokenSource();
        var setters = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var changed = 0;
            while (!done.IsCancellationRequested)
                changed += (await Store.SetChecksAsync("vip-1", Checks, TestContext.Current.CancellationToken)).Value is null ? 0 : 1;
            return changed;
        })).ToList();
        for (var written = 0; written < writes;)
        {
            var range = await etcd.Client.RangeAsync(EtcdRange.Single(key), TestContext.Current.CancellationToken);
            var put = Op.Put(key, Google.Protobuf.ByteString.CopyFromUtf8(Record(written + 1)));
            if ((await etcd.Client.TxnAsync(TxnBuilder.If(When.ModRevisionIs(key, range.Kvs[0].ModRevision)).Then(put), TestContext.Current.CancellationToken)).Succeeded)
                written++;
            Assert.Contains($"\"healthcheck_interval\":{written},", await GetAsync(key), StringComparison.Ordinal);
        }

        await done.CancelAsync();
        Assert.InRange((await Task.WhenAll(setters)).Sum(), 1, int.MaxValue);

        static string Record(int interval) => $$$"""{"id":"vip-1","ip":"","healthcheck_interval":{{{interval}}},"plugin":"arp","plugin_config":{"ip":"10.0.0.1/32"}}""";
    }

    [Fact]
    public async Task A_record_that_is_gone_or_cannot_be_read_is_not_written()
    {
        Assert.Equal((null, null), await SetAsync("vip-1"));
        Assert.Null(await GetAsync(KeyLayout.Endpoint(_host, "vip-1")));
        await PutAsync(KeyLayout.Endpoint(_host, "vip-2"), "{half a json");
        var (value, error) = await SetAsync("vip-2");
        Assert.Null(value);
        Assert.StartsWith($"/link/hosts/{_host}/vip-2: is not JSON", error, StringComparison.Ordinal);
        Assert.Equal("{half a json", await GetAsync(KeyLayout.Endpoint(_host, "vip-2")));
    }

    [Fact]
    public async Task An_endpoint_that_is_deleted_takes_along_what_it_alone_mentions_under_no_id_and_nothing_else()
    {
        foreach (var id in (string[])["sec-mine", "sec-shared", "sec-theirs", "sec-nobodys"])
            await PutAsync(KeyLayout.Secret(_host, "", id), "{}");
        await PutAsync(KeyLayout.Secret(_host, "vip-1", "sec-own"), "{}");
        await PutAsync(KeyLayout.Secret(_host, "vip-10", "sec-own"), "{}");
        await PutAsync(KeyLayout.Endpoint(_host, "vip-1"), """{"plugin":"later","x":[{"id":"sec-mine"},{"id":"sec-shared"}]""");
        await PutAsync(KeyLayout.Endpoint(_host, "vip-10"), """{"id":"vip-10","plugin":"webhook","plugin_config":{"secret":{"id":"sec-theirs"},"headers":{"A":{"id":"sec-shared"}}}}""");
        await Store.DeleteRecordAsync("vip-1", TestContext.Current.CancellationToken);
        var data = await Store.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal([KeyLayout.Endpoint(_host, "vip-10")], data.Endpoints.Select(static endpoint => endpoint.Key));
        Assert.Equal(
            [$"{Stray}{_host}//sec-nobodys", $"{Stray}{_host}//sec-shared", $"{Stray}{_host}//sec-theirs", $"{Stray}{_host}/vip-10/sec-own"],
            data.Secrets.Keys.Order(StringComparer.Ordinal));
    }

    private async Task<(EndpointRecord?, string?)> SetAsync(string id)
    {
        var result = await Store.SetChecksAsync(id, Checks, TestContext.Current.CancellationToken);
        return (result.Value, result.Error);
    }

    private Task PutAsync(string key, string value) => etcd.Client.PutAsync(key, value, cancel: TestContext.Current.CancellationToken);

    private async Task<string?> GetAsync(string key)
    {
        var range = await etcd.Client.RangeAsync(EtcdRange.Single(key), TestContext.Current.CancellationToken);
        return range.Kvs.Count == 0 ? null : range.Kvs[0].Value.ToStringUtf8();
    }
}
