using Google.Protobuf;
using Link.Core.Agent;
using Link.Core.Election;
using Link.Core.Etcd;
using Link.Core.Storage;
using Link.Tests.Etcd;
using Xunit;

namespace Link.Tests.Agent;

/// <summary>The lock's transactions on a real etcd, as LinK's agents see them.</summary>
public sealed class LockRequestTests(OneMember etcd) : IClassFixture<OneMember>
{
    private const string Host = "web-1";
    private const string Other = "web-2";
    private static int s_keys;
    private readonly string _key = $"10.9.0.{Interlocked.Increment(ref s_keys)}_32";
    private readonly ByteString _record = ByteString.CopyFromUtf8("""{"id":"vip"}""");

    [Fact]
    public async Task A_free_lock_is_taken_once_and_the_answer_tells_everything()
    {
        long mine = await LeaseAsync(), theirs = await LeaseAsync();
        ElectorInput.Transacted first = await DoAsync(LockOperation.Take, mine);
        Assert.True(first.Applied);
        Assert.Equal((Host, mine), (first.Lock!.Value.Holder, first.Lock.Value.LeaseId));
        Assert.Equal(first.Revision, first.Lock.Value.Revision);
        Assert.Equal([Host], first.Competitors);

        ElectorInput.Transacted second = await DoAsync(LockOperation.Take, theirs, Other);
        Assert.False(second.Applied);
        Assert.Equal((Host, mine), (second.Lock!.Value.Holder, second.Lock.Value.LeaseId));
        Assert.Equal([Host, Other], second.Competitors);
        Assert.Equal(first.Lock.Value.Revision, second.Lock.Value.Revision);
    }

    [Fact]
    public async Task Looking_takes_nothing_and_writes_back_what_is_missing()
    {
        ElectorInput.Transacted seen = await DoAsync(LockOperation.Observe, await LeaseAsync());
        Assert.Null(seen.Lock);
        Assert.Equal([Host], seen.Competitors);
        Assert.Equal(_record, await GetAsync(KeyLayout.Endpoint(Host, Id)));
    }

    [Fact]
    public async Task Looking_again_changes_nothing()
    {
        long lease = await LeaseAsync();
        ElectorInput.Transacted first = await DoAsync(LockOperation.Take, lease);
        ElectorInput.Transacted second = await DoAsync(LockOperation.Observe, lease);
        Assert.True(second.Applied);
        Assert.Equal(first.Revision, second.Revision);
    }

    [Fact]
    public async Task A_release_frees_the_lock_and_touches_our_competitor_key_so_that_others_look()
    {
        long mine = await LeaseAsync(), theirs = await LeaseAsync();
        await DoAsync(LockOperation.Take, mine);
        Assert.False((await DoAsync(LockOperation.Release, theirs, Other)).Applied);

        ElectorInput.Transacted released = await DoAsync(LockOperation.Release, mine);
        Assert.True(released.Applied);
        Assert.Null(released.Lock);
        RangeResponse competitor = await etcd.Client.RangeAsync(EtcdRange.Single(KeyLayout.Competitor(_key, Host)), TestContext.Current.CancellationToken);
        Assert.Equal(released.Revision, competitor.Kvs[0].ModRevision);
    }

    [Fact]
    public async Task A_lock_is_handed_only_to_a_live_agent_that_competes()
    {
        long mine = await LeaseAsync(), theirs = await LeaseAsync();
        await DoAsync(LockOperation.Take, mine);
        Assert.False((await HandAsync(mine, theirs)).Applied);
        await etcd.Client.PutAsync(KeyLayout.Agent(Other), "{}", theirs, TestContext.Current.CancellationToken);
        Assert.False((await HandAsync(mine, theirs)).Applied);
        await DoAsync(LockOperation.Observe, theirs, Other);

        ElectorInput.Transacted handed = await HandAsync(mine, theirs);
        Assert.True(handed.Applied);
        Assert.Equal((Other, theirs), (handed.Lock!.Value.Holder, handed.Lock.Value.LeaseId));
        Assert.False((await HandAsync(mine, theirs)).Applied);
    }

    [Fact]
    public async Task A_removal_deletes_our_lock_and_keys_but_not_anothers_lock()
    {
        long mine = await LeaseAsync(), theirs = await LeaseAsync();
        await DoAsync(LockOperation.Create, mine);
        await DoAsync(LockOperation.Take, theirs, Other);
        ElectorInput.Transacted others = await DoAsync(LockOperation.Remove, theirs, Other);
        Assert.False(others.Applied);
        Assert.Equal(mine, others.Lock!.Value.LeaseId);

        await etcd.Client.PutAsync(KeyLayout.Secret(Host, Id, "sec-1"), "{}", cancel: TestContext.Current.CancellationToken);
        ElectorInput.Transacted ours = await DoAsync(LockOperation.Remove, mine);
        Assert.True(ours.Applied);
        Assert.Null(ours.Lock);
        Assert.Empty(ours.Competitors);
        Assert.Null(await GetAsync(KeyLayout.Endpoint(Host, Id)));
        Assert.Null(await GetAsync(KeyLayout.Secret(Host, Id, "sec-1")));
    }

    [Fact]
    public async Task A_dead_holders_lock_is_taken_only_as_it_was_seen()
    {
        long dead = await LeaseAsync(), mine = await LeaseAsync();
        LockView seen = (await DoAsync(LockOperation.Take, dead, Other)).Lock!.Value;
        Assert.False((await TakeFromDeadAsync(mine, dead, seen.Revision - 1)).Applied);
        ElectorInput.Transacted taken = await TakeFromDeadAsync(mine, dead, seen.Revision);
        Assert.True(taken.Applied);
        Assert.Equal((Host, mine), (taken.Lock!.Value.Holder, taken.Lock.Value.LeaseId));
    }

    [Fact]
    public async Task A_lease_that_is_gone_takes_nothing()
    {
        long gone = await LeaseAsync();
        await etcd.Client.RevokeLeaseAsync(gone, TestContext.Current.CancellationToken);
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => DoAsync(LockOperation.Take, gone));
        Assert.Equal(EtcdFailure.LeaseNotFound, fault.Kind);
    }

    [Fact]
    public async Task A_full_batch_of_every_operation_fits_into_one_request()
    {
        long lease = await LeaseAsync();
        foreach (LockOperation operation in (LockOperation[])[LockOperation.Create, LockOperation.Take, LockOperation.Observe, LockOperation.Release, LockOperation.Remove])
        {
            var batch = Enumerable.Range(0, LockRequest.MaxBatch).Select(i => new LockTransaction(i, $"vip-{_key}-{i}", $"{_key}-{i}", operation, lease)).ToList();
            TxnResponse answer = await etcd.Client.TxnAsync(LockRequest.Build(batch, Host, _ => new EndpointData(_record)), TestContext.Current.CancellationToken);
            for (int i = 0; i < batch.Count; i++)
                Assert.Equal(operation is LockOperation.Create or LockOperation.Observe or LockOperation.Release, LockRequest.Read(batch[i], answer.Responses[i].ResponseTxn, answer.Header.Revision).Applied);
        }
    }

    private string Id => $"vip-{_key}";

    private async Task<long> LeaseAsync() => (await etcd.Client.GrantLeaseAsync(60, cancel: TestContext.Current.CancellationToken)).ID;

    private async Task<ByteString?> GetAsync(string key) =>
        (await etcd.Client.RangeAsync(EtcdRange.Single(key), TestContext.Current.CancellationToken)).Kvs is [{ } pair] ? pair.Value : null;

    private Task<ElectorInput.Transacted> HandAsync(long mine, long theirs) =>
        SendAsync(new LockTransaction(1, Id, _key, LockOperation.HandTo, mine) { TargetHost = Other, OtherLeaseId = theirs }, Host);

    private Task<ElectorInput.Transacted> TakeFromDeadAsync(long mine, long dead, long revision) =>
        SendAsync(new LockTransaction(1, Id, _key, LockOperation.TakeFromDead, mine) { OtherLeaseId = dead, SeenRevision = revision }, Host);

    private Task<ElectorInput.Transacted> DoAsync(LockOperation operation, long lease, string host = Host) =>
        SendAsync(new LockTransaction(1, Id, _key, operation, lease), host);

    private async Task<ElectorInput.Transacted> SendAsync(LockTransaction transaction, string host)
    {
        TxnResponse answer = await etcd.Client.TxnAsync(LockRequest.Build([transaction], host, _ => new EndpointData(_record)), TestContext.Current.CancellationToken);
        return LockRequest.Read(transaction, answer.Responses[0].ResponseTxn, answer.Header.Revision);
    }
}
