using Link.Core.Etcd;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class ThreeMembersTests : IAsyncLifetime
{
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(20);

    private EtcdCluster _etcd = null!;

    public async ValueTask InitializeAsync() => _etcd = await EtcdCluster.StartAsync(members: 3);

    public ValueTask DisposeAsync() => _etcd.DisposeAsync();

    [Fact]
    public async Task When_the_leader_is_killed_calls_keep_alives_and_watches_go_on()
    {
        EtcdServer leader = await _etcd.LeaderAsync();
        await using EtcdClient client = ClientStartingAt(leader);
        long id = (await client.GrantLeaseAsync(30, timeout: Patient)).ID;
        var changes = new Inbox<EndpointChange>();
        client.EndpointChanged += changes.Add;
        var watched = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/a/")], watched.Add);
        await watched.UntilAsync<WatchMessage.Started>();
        var kept = new Inbox<KeepAliveResult>();
        using var keepAlive = new LeaseKeepAlive(client, TimeSpan.FromSeconds(2), () => 1, kept.Add);

        leader.Kill();
        Assert.Equal(leader.ClientUrl, (await changes.NextAsync()).From);
        await UntilRenewedAsync(keepAlive, kept, id);
        long revision = await UntilPutAsync(client, "/a/k");
        var events = (WatchMessage.Events)await watched.UntilAsync(message => message is WatchMessage.Events events && events.Revision >= revision);
        Assert.Equal("/a/k", events.List[^1].Kv.Key.ToStringUtf8());
        Assert.NotEqual(leader.ClientUrl, EtcdOptions.NameOf(client.CurrentEndpoint));
    }

    [Fact]
    public async Task A_read_moves_on_from_a_silent_member_within_its_deadline()
    {
        EtcdServer leader = await _etcd.LeaderAsync();
        EtcdServer silent = _etcd.Members.First(member => member != leader);
        await using EtcdClient client = ClientStartingAt(silent);
        await client.StatusAsync();
        silent.Pause();
        RangeResponse read = await client.RangeAsync(EtcdRange.Single("/a"), timeout: Patient);
        Assert.Empty(read.Kvs);
        Assert.NotEqual(silent.ClientUrl, EtcdOptions.NameOf(client.CurrentEndpoint));
        silent.Resume();
    }

    [Fact]
    public async Task A_keep_alive_moves_on_from_a_silent_member_after_its_deadline_and_takes_the_watch_along()
    {
        EtcdServer leader = await _etcd.LeaderAsync();
        EtcdServer silent = _etcd.Members.First(member => member != leader);
        await using EtcdClient client = ClientStartingAt(silent);
        long id = (await client.GrantLeaseAsync(30, timeout: Patient)).ID;
        var watched = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/a/")], watched.Add);
        await watched.UntilAsync<WatchMessage.Started>();
        var kept = new Inbox<KeepAliveResult>();
        using var keepAlive = new LeaseKeepAlive(client, TimeSpan.FromSeconds(5), () => 1, kept.Add);
        await UntilRenewedAsync(keepAlive, kept, id);

        silent.Pause();
        Assert.Equal((KeepAliveOutcome.Failed, $"etcd {silent.ClientUrl}: no answer to a keep-alive within 5 s"), await FirstFailureAsync(keepAlive, kept, id));
        await UntilRenewedAsync(keepAlive, kept, id);
        Assert.NotEqual(silent.ClientUrl, EtcdOptions.NameOf(client.CurrentEndpoint));
        var lost = Assert.IsType<WatchMessage.Lost>(await watched.NextAsync());
        Assert.Contains("no answer to a keep-alive within 5 s", lost.Reason);
        Assert.IsType<WatchMessage.Resumed>(await watched.NextAsync());
        silent.Resume();
    }

    [Fact]
    public async Task A_member_cut_off_from_its_cluster_says_so_instead_of_being_silent()
    {
        EtcdServer leader = await _etcd.LeaderAsync();
        await using var client = new EtcdClient(_etcd.Options() with { Endpoints = [new Uri(leader.ClientUrl)] });
        var watched = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/a/")], watched.Add);
        await watched.UntilAsync<WatchMessage.Started>();
        foreach (EtcdServer member in _etcd.Members.Where(member => member != leader))
            member.Pause();

        var lost = await watched.UntilAsync<WatchMessage.Lost>();
        Assert.Equal($"etcd {leader.ClientUrl}: no leader", lost.Reason);
        EtcdException txn = await Assert.ThrowsAsync<EtcdException>(() => client.TxnAsync(TxnBuilder.If().Then(Op.Put("/a/k", "v")), timeout: TimeSpan.FromSeconds(5)));
        Assert.Equal((EtcdFailure.Unavailable, false, "no leader"), (txn.Kind, txn.MaybeApplied, txn.Reason));

        foreach (EtcdServer member in _etcd.Members.Where(member => member != leader))
            member.Resume();
        await watched.UntilAsync<WatchMessage.Resumed>();
        await UntilPutAsync(client, "/a/k");
        await watched.UntilAsync<WatchMessage.Events>();
    }

    private static async Task<(KeepAliveOutcome Outcome, string? Reason)> OutcomeAsync(Inbox<KeepAliveResult> inbox)
    {
        KeepAliveResult result = await inbox.NextAsync();
        return (result.Outcome, result.Reason);
    }

    private static async Task UntilRenewedAsync(LeaseKeepAlive keepAlive, Inbox<KeepAliveResult> inbox, long id)
    {
        for (int i = 0; i < 100; i++)
        {
            keepAlive.Send(id);
            if ((await inbox.NextAsync()).Outcome == KeepAliveOutcome.Renewed)
                return;
        }
        Assert.Fail("never renewed");
    }

    /// <summary>A process that was told to stop may answer once more before it does.</summary>
    private static async Task<(KeepAliveOutcome Outcome, string? Reason)> FirstFailureAsync(LeaseKeepAlive keepAlive, Inbox<KeepAliveResult> inbox, long id)
    {
        for (int i = 0; ; i++)
        {
            keepAlive.Send(id);
            if (await OutcomeAsync(inbox) is var outcome && (outcome.Outcome != KeepAliveOutcome.Renewed || i == 100))
                return outcome;
        }
    }

    /// <summary>A write that may have been applied is repeated here: it is the same each time.</summary>
    private static async Task<long> UntilPutAsync(EtcdClient client, string key)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return (await client.PutAsync(key, "v")).Header.Revision;
            }
            catch (EtcdException fault) when (fault.IsTransient && i < 100)
            {
                // The election goes on.
            }
        }
    }

    private EtcdClient ClientStartingAt(EtcdServer first)
    {
        for (int seed = 0; ; seed++)
        {
            var client = new EtcdClient(_etcd.Options(), random: new Random(seed));
            if (EtcdOptions.NameOf(client.CurrentEndpoint) == first.ClientUrl)
                return client;
        }
    }
}
