using Link.Core.Etcd;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class KeyValueTests(OneMember etcd) : IClassFixture<OneMember>
{
    [Fact]
    public async Task A_value_that_is_put_is_read_and_deleted()
    {
        PutResponse put = await etcd.Client.PutAsync("/kv/a", "1");
        RangeResponse read = await etcd.Client.RangeAsync(EtcdRange.Prefix("/kv/"));
        Assert.Equal(("1", put.Header.Revision), (Assert.Single(read.Kvs).Value.ToStringUtf8(), read.Kvs[0].ModRevision));
        DeleteRangeResponse deleted = await etcd.Client.DeleteRangeAsync(EtcdRange.Single("/kv/a"));
        Assert.Equal(1, deleted.Deleted);
    }

    [Fact]
    public async Task A_transaction_puts_only_if_its_conditions_hold()
    {
        TxnRequest take = TxnBuilder.If(When.Absent("/lock/a")).Then(Op.Put("/lock/a", "me")).Else(Op.Get("/lock/a"));
        TxnResponse first = await etcd.Client.TxnAsync(take);
        TxnResponse second = await etcd.Client.TxnAsync(take);
        Assert.True(first.Succeeded);
        Assert.False(second.Succeeded);
        Assert.Equal("me", second.Responses[0].ResponseRange.Kvs[0].Value.ToStringUtf8());

        TxnRequest give = TxnBuilder.If(When.Exists("/lock/a"), When.ValueIs("/lock/a", "me"), When.ModRevisionIs("/lock/a", first.Header.Revision))
            .Then(Op.Delete("/lock/a"));
        Assert.True((await etcd.Client.TxnAsync(give)).Succeeded);
    }

    [Fact]
    public async Task Transactions_nest_and_each_branch_decides_for_itself()
    {
        await etcd.Client.PutAsync("/nest/taken", "other");
        IEnumerable<RequestOp> nested = Enumerable.Range(0, 120).Select(i => i == 7 ? "/nest/taken" : $"/nest/{i}").Select(key =>
            Op.Nested(TxnBuilder.If(When.Absent(key)).Then(Op.Put(key, "me")).Else(Op.Get(key))));
        TxnResponse response = await etcd.Client.TxnAsync(TxnBuilder.If().Then([.. nested]));
        Assert.True(response.Succeeded);
        Assert.Equal(120, response.Responses.Count);
        for (int i = 0; i < 120; i++)
            Assert.Equal(i != 7, response.Responses[i].ResponseTxn.Succeeded);
        Assert.Equal("other", response.Responses[7].ResponseTxn.Responses[0].ResponseRange.Kvs[0].Value.ToStringUtf8());
    }

    [Fact]
    public async Task Too_many_operations_are_an_invalid_request_that_was_not_applied()
    {
        RequestOp[] operations = [.. Enumerable.Range(0, 129).Select(i => Op.Put($"/many/{i}", ""))];
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => etcd.Client.TxnAsync(TxnBuilder.If().Then(operations)));
        Assert.Equal((EtcdFailure.InvalidRequest, false), (fault.Kind, fault.MaybeApplied));
        Assert.StartsWith($"etcd {etcd.Cluster.Members[0].ClientUrl}: too many operations", fault.Message);
    }

    [Fact]
    public async Task A_large_answer_arrives_whole()
    {
        string value = new('x', 100_000);
        for (int i = 0; i < 20; i++)
            await etcd.Client.PutAsync($"/large/{i}", value);
        RangeResponse read = await etcd.Client.RangeAsync(EtcdRange.Prefix("/large/"), timeout: TimeSpan.FromSeconds(20));
        Assert.Equal(20, read.Kvs.Count);
        Assert.All(read.Kvs, kv => Assert.Equal(value.Length, kv.Value.Length));
    }

    [Fact]
    public async Task Many_calls_share_one_connection()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => client.PutAsync($"/shared/{i}", "")));
        Assert.Equal(1, proxy.Accepted);
    }

    [Fact]
    public async Task A_call_that_the_caller_cancels_is_cancelled()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        await client.StatusAsync();
        proxy.Stall();
        using var cancel = new CancellationTokenSource();
        Task<RangeResponse> read = client.RangeAsync(EtcdRange.Single("a"), cancel.Token, TimeSpan.FromMinutes(1));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task A_closed_port_is_told_in_one_line_and_nothing_was_applied()
    {
        var options = EtcdOptions.Parse($"http://127.0.0.1:{ReservedPorts.Take(System.Net.IPAddress.Loopback)}", []) with { RequestTimeout = TimeSpan.FromSeconds(3) };
        await using var client = new EtcdClient(options);
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("a", "b"));
        Assert.Equal($"etcd {EtcdOptions.NameOf(options.Endpoints[0])}: connection refused", fault.Message);
        Assert.Equal((EtcdFailure.Unavailable, false), (fault.Kind, fault.MaybeApplied));
    }

    [Fact]
    public async Task A_closed_port_is_told_to_every_request_that_waits_for_the_connection()
    {
        var options = EtcdOptions.Parse($"http://127.0.0.1:{ReservedPorts.Take(System.Net.IPAddress.Loopback)}", []);
        using var connection = new EtcdConnection(options.Endpoints[0], new TlsFiles(null, null, null), TimeSpan.FromSeconds(30), TimeProvider.System);
        Task[] calls = [.. Enumerable.Range(0, 8).Select(_ => connection.OpenAsync("/etcdserverpb.Watch/Watch", null, TimeSpan.FromSeconds(30), CancellationToken.None))];
        foreach (Task call in calls)
        {
            EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => call);
            Assert.EndsWith(": connection refused", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_silent_member_may_have_applied_a_write()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        await client.StatusAsync();
        proxy.Stall();
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/silent", "", timeout: TimeSpan.FromMilliseconds(300)));
        Assert.Equal((EtcdFailure.Timeout, true), (fault.Kind, fault.MaybeApplied));
        Assert.Equal($"etcd {proxy.Url}: no answer within 0.3 s", fault.Message);
    }

    [Fact]
    public async Task A_connection_that_broke_while_idle_is_replaced_unnoticed()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        await client.StatusAsync();
        proxy.Cut();
        RangeResponse read = await client.RangeAsync(EtcdRange.Single("/nothing"));
        Assert.Empty(read.Kvs);
        Assert.Equal(2, proxy.Accepted);
    }
}
