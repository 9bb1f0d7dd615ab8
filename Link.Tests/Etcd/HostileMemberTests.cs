using Link.Core.Etcd;
using Link.Tests.Fuzz;
using Xunit;

namespace Link.Tests.Etcd;

/// <summary>A member that speaks HTTP/2 and gRPC as etcd does, and says what etcd never says.</summary>
public sealed class HostileMemberTests : IAsyncLifetime
{
    private static readonly ResponseHeader s_header = new() { ClusterId = 1, Revision = 5, RaftTerm = 1 };

    private HostileMember _member = null!;
    private EtcdClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _member = await HostileMember.StartAsync();
        _client = new EtcdClient(new EtcdOptions { Endpoints = [_member.Url] });
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _member.DisposeAsync();
    }

    [Fact]
    public async Task An_answer_to_another_transaction_is_a_failed_call_and_no_broken_caller()
    {
        _member.Otherwise = static () => new HostileAnswer(200, HostileAnswer.Frames(new TxnResponse { Header = s_header, Succeeded = true }));
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => _client.TxnAsync(TxnBuilder.If().Then(Op.Get("a")), TestContext.Current.CancellationToken));
        Assert.Equal((EtcdFailure.Unknown, true), (fault.Kind, fault.MaybeApplied));
        Assert.EndsWith("the answer is not one to the transaction that was asked", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_watch_that_is_told_nonsense_is_lost_and_comes_back(bool withHeader)
    {
        int asked = 0;
        WatchResponse nonsense = withHeader ? new WatchResponse { Header = s_header, Events = { new Event() } } : new WatchResponse { Created = true };
        _member.Otherwise = () => Interlocked.Increment(ref asked) == 1
            ? new HostileAnswer(200, HostileAnswer.Frames(withHeader ? new WatchResponse { Header = s_header, Created = true } : nonsense, nonsense))
            : new HostileAnswer(200, HostileAnswer.Frames(new WatchResponse { Header = s_header, Created = true })) { StaysOpen = true };
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(_client, [WatchKey.Prefix("/a/")], inbox.Add);
        WatchMessage.Lost lost = await inbox.UntilAsync<WatchMessage.Lost>();
        Assert.Contains(withHeader ? "a change without its key" : "without a revision", lost.Reason, StringComparison.Ordinal);
        await inbox.UntilAsync(static message => message is WatchMessage.Started or WatchMessage.Resumed);
        Assert.True(Volatile.Read(ref asked) >= 2);
    }

    [Fact]
    public async Task A_large_answer_comes_whole()
    {
        var told = new TxnResponse { Header = s_header, Succeeded = true, Responses = { new ResponseOp { ResponseRange = new RangeResponse() } } };
        for (int i = 0; i < 2000; i++)
            told.Responses[0].ResponseRange.Kvs.Add(new KeyValue { Key = Google.Protobuf.ByteString.CopyFromUtf8($"k{i}"), Value = Google.Protobuf.ByteString.CopyFrom(new byte[1000]) });
        _member.Otherwise = () => new HostileAnswer(200, HostileAnswer.Frames(told));
        TxnResponse answer = await _client.TxnAsync(TxnBuilder.If().Then(Op.Get("a")), TestContext.Current.CancellationToken, TimeSpan.FromSeconds(60));
        Assert.Equal(told, answer);
    }

    [Fact]
    public async Task A_large_change_comes_whole()
    {
        WatchResponse[] told = [.. Enumerable.Range(0, 40).Select(static i => new WatchResponse { Header = s_header, Events = { new Event { Kv = new KeyValue { ModRevision = 10 + i, Value = Google.Protobuf.ByteString.CopyFrom(new byte[i * 5000]) } } } })];
        _member.Otherwise = () => new HostileAnswer(200, HostileAnswer.Frames([new WatchResponse { Header = s_header, Created = true }, .. told])) { StaysOpen = true };
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(_client, [WatchKey.Prefix("/a/")], inbox.Add);
        foreach (WatchResponse one in told)
            Assert.Equal(one.Events, (await inbox.UntilAsync<WatchMessage.Events>()).List);
    }
}
