using Link.Core.Etcd;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

/// <summary>One member that the tests of a class share; each uses keys of its own.</summary>
public sealed class OneMember : IAsyncLifetime
{
    internal EtcdCluster Cluster { get; private set; } = null!;

    internal EtcdClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Cluster = await EtcdCluster.StartAsync();
        Client = Cluster.CreateClient();
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
