using Link.Core.Etcd;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class PingTests(OneMember etcd) : IClassFixture<OneMember>
{
    [Fact]
    public async Task A_watch_without_events_notices_a_dead_connection_by_itself()
    {
        await using var proxy = new TcpProxy(new Uri(etcd.Cluster.Members[0].ClientUrl));
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy));
        var inbox = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/ping/")], inbox.Add);
        await inbox.UntilAsync<WatchMessage.Started>();
        proxy.Stall();
        await inbox.UntilAsync<WatchMessage.Lost>();
        proxy.Flow();
        await inbox.UntilAsync<WatchMessage.Resumed>();
    }
}
