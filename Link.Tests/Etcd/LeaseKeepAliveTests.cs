using Link.Core.Etcd;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class LeaseKeepAliveTests(OneMember etcd) : IClassFixture<OneMember>
{
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_lease_is_granted_renewed_and_gone_after_its_revocation()
    {
        long id = (await etcd.Client.GrantLeaseAsync(30)).ID;
        await etcd.Client.PutAsync("/lease/a", "", id);
        long now = 1000;
        var inbox = new Inbox<KeepAliveResult>();
        using var keepAlive = new LeaseKeepAlive(etcd.Client, Patient, () => now, inbox.Add);

        keepAlive.Send(id);
        Assert.Equal(KeepAliveResult.Renewed(id, 30, 1000), await inbox.NextAsync());
        now = 2000;
        keepAlive.Send(id);
        Assert.Equal(KeepAliveResult.Renewed(id, 30, 2000), await inbox.NextAsync());
        Assert.True((await etcd.Client.TxnAsync(TxnBuilder.If(When.LeaseIs("/lease/a", id)).Then())).Succeeded);
        LeaseTimeToLiveResponse left = await etcd.Client.TimeToLiveAsync(id, keys: true);
        Assert.Equal((30L, "/lease/a"), (left.GrantedTTL, left.Keys.Single().ToStringUtf8()));

        await etcd.Client.RevokeLeaseAsync(id);
        keepAlive.Send(id);
        Assert.Equal(KeepAliveResult.Gone(id), await inbox.NextAsync());
        Assert.Empty((await etcd.Client.RangeAsync(EtcdRange.Single("/lease/a"))).Kvs);
        Assert.Equal(-1, (await etcd.Client.TimeToLiveAsync(id, keys: false)).TTL);
    }

    [Fact]
    public async Task An_unknown_lease_is_told_apart_from_other_failures()
    {
        EtcdException revoke = await Assert.ThrowsAsync<EtcdException>(() => etcd.Client.RevokeLeaseAsync(42));
        EtcdException put = await Assert.ThrowsAsync<EtcdException>(() => etcd.Client.PutAsync("/lease/b", "", 42));
        Assert.Equal((EtcdFailure.LeaseNotFound, EtcdFailure.LeaseNotFound), (revoke.Kind, put.Kind));
        Assert.False(put.MaybeApplied);
    }

    [Fact]
    public async Task A_second_lease_with_the_same_id_is_refused()
    {
        await etcd.Client.GrantLeaseAsync(30, id: 77);
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => etcd.Client.GrantLeaseAsync(30, id: 77));
        Assert.Equal(EtcdFailure.LeaseExists, fault.Kind);
    }

    [Fact]
    public async Task Many_leases_share_the_stream_and_each_gets_one_answer()
    {
        long[] ids = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ => (await etcd.Client.GrantLeaseAsync(30, timeout: Patient)).ID));
        var inbox = new Inbox<KeepAliveResult>();
        using var keepAlive = new LeaseKeepAlive(etcd.Client, Patient, () => 1, inbox.Add);
        foreach (long id in ids)
        {
            keepAlive.Send(id);
            keepAlive.Send(id);
        }
        var renewed = new List<long>();
        for (int i = 0; i < ids.Length; i++)
            renewed.Add((await inbox.NextAsync()).LeaseId);
        Assert.Equal(ids.Order(), renewed.Order());
    }

    [Fact]
    public async Task A_silent_member_fails_the_keep_alive_at_its_deadline_and_a_late_answer_counts_for_nothing()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        long id = (await client.GrantLeaseAsync(30)).ID;
        long now = 0;
        var inbox = new Inbox<KeepAliveResult>();
        using var keepAlive = new LeaseKeepAlive(client, TimeSpan.FromMilliseconds(500), () => Interlocked.Increment(ref now), inbox.Add);
        await UntilRenewedAsync();
        proxy.Stall();
        keepAlive.Send(id);
        KeepAliveResult failed = await inbox.NextAsync();
        Assert.Equal((KeepAliveOutcome.Failed, $"etcd {proxy.Url}: no answer to a keep-alive within 0.5 s"), (failed.Outcome, failed.Reason));

        proxy.Flow();
        KeepAliveResult result = await UntilRenewedAsync();
        Assert.Equal((KeepAliveOutcome.Renewed, Interlocked.Read(ref now)), (result.Outcome, result.SentAt));
        Assert.True(proxy.Accepted > 1);

        async Task<KeepAliveResult> UntilRenewedAsync()
        {
            while (true)
            {
                keepAlive.Send(id);
                KeepAliveResult result = await inbox.NextAsync();
                if (result.Outcome != KeepAliveOutcome.Failed)
                    return result;
            }
        }
    }

    [Fact]
    public async Task A_broken_stream_is_opened_again_by_the_next_keep_alive()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        long id = (await client.GrantLeaseAsync(30)).ID;
        var inbox = new Inbox<KeepAliveResult>();
        using var keepAlive = new LeaseKeepAlive(client, Patient, () => 1, inbox.Add);
        keepAlive.Send(id);
        Assert.Equal(KeepAliveOutcome.Renewed, (await inbox.NextAsync()).Outcome);
        proxy.Stall();
        keepAlive.Send(id);
        client.Rotate("for the test");
        KeepAliveResult failed = await inbox.NextAsync();
        Assert.Equal(KeepAliveOutcome.Failed, failed.Outcome);
        proxy.Flow();
        keepAlive.Send(id);
        Assert.Equal(KeepAliveOutcome.Renewed, (await inbox.NextAsync()).Outcome);
    }
}
