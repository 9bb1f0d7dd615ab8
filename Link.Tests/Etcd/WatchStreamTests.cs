using System.Globalization;
using Link.Core.Etcd;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class WatchStreamTests(OneMember etcd) : IClassFixture<OneMember>
{
    [Fact]
    public async Task Several_prefixes_and_keys_are_watched_on_one_stream()
    {
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(
            etcd.Client, [WatchKey.Prefix("/w1/a/"), WatchKey.Prefix("/w1/b/"), WatchKey.Single("/w1/c", previousValue: true)], inbox.Add);
        var started = Assert.IsType<WatchMessage.Started>(await inbox.NextAsync());
        Assert.True(started.Revision > 0);

        long revision = (await etcd.Client.PutAsync("/w1/a/x", "1")).Header.Revision;
        var events = Assert.IsType<WatchMessage.Events>(await inbox.NextAsync());
        Assert.Equal((revision, "/w1/a/x"), (events.Revision, events.List.Single().Kv.Key.ToStringUtf8()));
        await etcd.Client.PutAsync("/w1/b/y", "1");
        Assert.Equal("/w1/b/y", (await inbox.UntilAsync<WatchMessage.Events>()).List.Single().Kv.Key.ToStringUtf8());
        await etcd.Client.PutAsync("/w1/c", "old");
        await etcd.Client.DeleteRangeAsync(EtcdRange.Single("/w1/c"));
        await inbox.NextAsync();
        Event deleted = (await inbox.UntilAsync<WatchMessage.Events>()).List.Single();
        Assert.Equal((Event.Types.EventType.Delete, "old"), (deleted.Type, deleted.PrevKv.Value.ToStringUtf8()));
    }

    [Fact]
    public async Task Nothing_is_lost_or_told_twice_over_broken_connections()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/w2/a/"), WatchKey.Prefix("/w2/b/")], inbox.Add);
        await inbox.UntilAsync<WatchMessage.Started>();

        const int Count = 60;
        for (int i = 0; i < Count; i++)
        {
            if (i % 10 == 5)
                proxy.Refuse();
            if (i % 10 == 9)
                proxy.Accept();
            await etcd.Client.PutAsync($"/w2/{(i % 2 == 0 ? 'a' : 'b')}/k", i.ToString(CultureInfo.InvariantCulture));
        }

        var seen = new List<int>();
        while (seen.Count < Count)
        {
            WatchMessage message = await inbox.NextAsync();
            Assert.IsNotType<WatchMessage.Started>(message);
            if (message is WatchMessage.Events events)
                seen.AddRange(events.List.Select(item => int.Parse(item.Kv.Value.ToStringUtf8(), CultureInfo.InvariantCulture)));
        }
        Assert.Equal(Enumerable.Range(0, Count), seen.Order());
        Assert.Empty(inbox.Drain().OfType<WatchMessage.Events>());
    }

    [Fact]
    public async Task A_break_is_told_once_and_so_is_its_end()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/w3/")], inbox.Add);
        await inbox.UntilAsync<WatchMessage.Started>();
        proxy.Refuse();
        var lost = Assert.IsType<WatchMessage.Lost>(await inbox.NextAsync());
        Assert.StartsWith($"etcd {proxy.Url}: connection", lost.Reason);
        proxy.Accept();
        Assert.IsType<WatchMessage.Resumed>(await inbox.NextAsync());
    }

    [Fact]
    public async Task Events_too_large_for_one_answer_arrive_as_one_message()
    {
        var inbox = new Inbox<WatchMessage>();
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/w4/")], inbox.Add);
        await inbox.UntilAsync<WatchMessage.Started>();
        proxy.Refuse();
        await inbox.UntilAsync<WatchMessage.Lost>();
        // What is missed meanwhile comes at once, and is more than etcd's 1.5 MiB.
        string value = new('x', 500_000);
        for (int i = 0; i < 8; i++)
            await etcd.Client.PutAsync($"/w4/{i}", value);
        proxy.Accept();
        var events = await inbox.UntilAsync<WatchMessage.Events>();
        Assert.Equal(8, events.List.Count);
    }

    [Fact]
    public async Task A_silent_member_is_noticed_by_the_request_for_a_sign_of_life()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy) with { RequestTimeout = TimeSpan.FromMilliseconds(500) });
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/w5/")], inbox.Add);
        await inbox.UntilAsync<WatchMessage.Started>();
        proxy.Stall();
        watch.RequestProgress();
        var lost = await inbox.UntilAsync<WatchMessage.Lost>();
        Assert.Contains("no answer of a watch", lost.Reason);
        proxy.Flow();
        await inbox.UntilAsync<WatchMessage.Resumed>();
    }

    [Fact]
    public async Task Where_the_history_is_compacted_the_watch_starts_anew()
    {
        await using EtcdCluster own = await EtcdCluster.StartAsync();
        await using EtcdClient direct = own.CreateClient();
        await using var proxy = new TcpProxy(new Uri(own.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/a/"), WatchKey.Prefix("/b/")], inbox.Add);
        await inbox.UntilAsync<WatchMessage.Started>();
        proxy.Refuse();
        await inbox.UntilAsync<WatchMessage.Lost>();
        long revision = 0;
        for (int i = 0; i < 5; i++)
            revision = (await direct.PutAsync("/b/k", "v")).Header.Revision;
        await direct.CompactAsync(revision);
        proxy.Accept();
        var started = await inbox.UntilAsync<WatchMessage.Started>();
        Assert.Equal(revision, started.Revision);
        await direct.PutAsync("/b/k", "after");
        Assert.Equal("after", (await inbox.UntilAsync<WatchMessage.Events>()).List.Single().Kv.Value.ToStringUtf8());
    }

    [Fact]
    public async Task Where_etcd_lost_its_data_the_watch_starts_anew()
    {
        await using EtcdCluster own = await EtcdCluster.StartAsync();
        await using EtcdClient client = own.CreateClient();
        for (int i = 0; i < 5; i++)
            await client.PutAsync("/a/k", "before");
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/a/")], inbox.Add);
        long before = (await inbox.UntilAsync<WatchMessage.Started>()).Revision;
        own.Members[0].Kill();
        own.Members[0].Wipe();
        own.Members[0].Start();
        var started = await inbox.UntilAsync<WatchMessage.Started>();
        Assert.True(started.Revision < before);
        await own.Members[0].WaitUntilHealthyAsync();
        await client.PutAsync("/a/k", "after");
        Assert.Equal("after", (await inbox.UntilAsync<WatchMessage.Events>()).List.Single().Kv.Value.ToStringUtf8());
    }
}
