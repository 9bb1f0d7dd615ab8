using Link.Core.Etcd;
using Link.Tests.Api;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class AuthenticationTests : IAsyncLifetime
{
    private const string Password = "hunter2-secret";

    private EtcdCluster _etcd = null!;

    public async ValueTask InitializeAsync()
    {
        _etcd = await EtcdCluster.StartAsync();
        await _etcd.EnableAuthenticationAsync("link", Password, "/link/");
    }

    public ValueTask DisposeAsync() => _etcd.DisposeAsync();

    [Fact]
    public async Task A_user_may_do_what_its_role_allows_and_no_more()
    {
        await using EtcdClient client = _etcd.CreateClient("link", Password);
        await client.PutAsync("/link/a", "1");
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/other", "1"));
        Assert.Equal((EtcdFailure.PermissionDenied, false), (fault.Kind, fault.MaybeApplied));
    }

    [Fact]
    public async Task A_wrong_password_names_the_user_and_not_the_password_and_is_not_tried_again_at_once()
    {
        await using var proxy = new TcpProxy(new Uri(_etcd.Members[0].ClientUrl));
        // "At once" is within the rest after a refusal, which does not pass here.
        await using var client = new EtcdClient(EtcdCluster.OptionsOf(proxy, "link", "wrong-" + Password), new TestClock());
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/link/a", "1"));
        Assert.Equal(EtcdFailure.Unauthenticated, fault.Kind);
        Assert.Equal($"etcd {proxy.Url}: user link is refused: authentication failed, invalid user ID or password", fault.Message);
        Assert.DoesNotContain(Password, fault.ToString());

        proxy.Stall();
        EtcdException again = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/link/a", "1"));
        Assert.Equal(fault.Message, again.Message);
    }

    [Fact]
    public async Task Without_a_user_the_call_is_unauthenticated()
    {
        await using EtcdClient client = _etcd.CreateClient();
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/link/a", "1"));
        Assert.Equal(EtcdFailure.Unauthenticated, fault.Kind);
    }

    [Fact]
    public async Task A_session_that_etcd_forgot_is_opened_again_for_calls_and_streams()
    {
        await using var client = new EtcdClient(_etcd.Options("link", Password));
        long id = (await client.GrantLeaseAsync(30)).ID;
        await client.PutAsync("/link/a", "1", id);
        var watched = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/link/")], watched.Add);
        await watched.UntilAsync<WatchMessage.Started>();

        // Simple tokens live in the member's memory.
        _etcd.Members[0].Stop();
        _etcd.Members[0].Start();
        await _etcd.Members[0].WaitUntilHealthyAsync();
        var kept = new Inbox<KeepAliveResult>();
        using var keepAlive = new LeaseKeepAlive(client, TimeSpan.FromSeconds(20), () => 1, kept.Add);
        await watched.UntilAsync<WatchMessage.Resumed>();
        await client.PutAsync("/link/a", "2", id);
        Assert.Equal("2", (await watched.UntilAsync<WatchMessage.Events>()).List.Single().Kv.Value.ToStringUtf8());
        keepAlive.Send(id);
        Assert.Equal(KeepAliveOutcome.Renewed, (await kept.NextAsync()).Outcome);
    }

    [Fact]
    public async Task A_watch_without_the_right_tells_so()
    {
        await using EtcdClient client = _etcd.CreateClient("link", Password);
        var watched = new Inbox<WatchMessage>();
        await using var watch = new WatchStream(client, [WatchKey.Prefix("/other/")], watched.Add);
        var lost = Assert.IsType<WatchMessage.Lost>(await watched.NextAsync());
        Assert.Contains("permission denied", lost.Reason);
    }

    [Fact]
    public async Task A_user_is_no_obstacle_where_etcd_has_no_authentication()
    {
        await using EtcdCluster open = await EtcdCluster.StartAsync();
        await using EtcdClient client = open.CreateClient("link", Password);
        await client.PutAsync("/link/a", "1");
        await open.EnableAuthenticationAsync("link", Password, "/link/");
        await client.PutAsync("/link/a", "2");
    }
}
