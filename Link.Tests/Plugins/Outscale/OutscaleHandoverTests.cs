using Link.Core.Plugins;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

/// <summary>Two hosts and one public IP.</summary>
public sealed class OutscaleHandoverTests : IAsyncLifetime
{
    private const string Ip = "eipalloc-12345678";
    private const string Unlink = "UnlinkPublicIp";

    private FakeOutscale _fake = null!;
    private OutscaleHost _first = null!;
    private OutscaleHost _second = null!;
    private RemoteOutput _onFirst = null!;
    private RemoteOutput _onSecond = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeOutscale.StartAsync(() => _first.Now);
        _fake.AddNic("eni-0000000a");
        _fake.AddNic("eni-0000000b");
        _fake.AddPublicIp(Ip);
        _first = new OutscaleHost(_fake.Url, "eni-0000000a");
        _second = new OutscaleHost(_fake.Url, "eni-0000000b");
        _onFirst = _first.Add(Ip);
        _onSecond = _second.Add(Ip);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Empty(_first.Loop.Errors);
        Assert.Empty(_second.Loop.Errors);
        Assert.Equal(0, _fake.BadSignatures);
        _first.Dispose();
        _second.Dispose();
        await _fake.DisposeAsync();
    }

    [Fact]
    public async Task The_IP_goes_back_and_forth_whoever_is_first()
    {
        for (int round = 0; round < 4; round++)
        {
            await _first.ActivateAsync(_onFirst);
            await _second.DeactivateAsync(_onSecond);
            Assert.Equal("eni-0000000a", _fake.NicOf(Ip));
            await _first.DeactivateAsync(_onFirst);
            Assert.Null(_fake.NicOf(Ip));
            await _second.ActivateAsync(_onSecond);
            Assert.Equal("eni-0000000b", _fake.NicOf(Ip));
            await _second.DeactivateAsync(_onSecond);
        }
    }

    [Fact]
    public async Task A_takeover_needs_nothing_of_the_old_holder()
    {
        await _first.ActivateAsync(_onFirst);
        await _second.ActivateAsync(_onSecond);
        Assert.Equal("eni-0000000b", _fake.NicOf(Ip));

        // It comes back late and lets go of what is not its own any more.
        await _first.DeactivateAsync(_onFirst);
        Assert.Equal("eni-0000000b", _fake.NicOf(Ip));
        Assert.Equal(0, _fake.CallsOf(Unlink));
    }

    [Fact]
    public async Task An_unlink_that_arrives_after_the_takeover_leaves_the_new_holder_alone()
    {
        await _first.ActivateAsync(_onFirst);
        HeldRequest late = _fake.Hold(Unlink);
        _onFirst.Deactivate();
        await _first.Loop.UntilAsync(() => late.HasArrived);

        await _second.ActivateAsync(_onSecond);
        string? association = _fake.LinkOf(Ip);
        late.Release();
        await _first.IdleAsync(_onFirst);

        Assert.Equal(("eni-0000000b", association), (_fake.NicOf(Ip), _fake.LinkOf(Ip)));
        Assert.True(_onFirst.IsFulfilled);
    }

    [Fact]
    public async Task A_link_of_a_host_that_has_lost_the_lock_meanwhile_is_taken_back_and_the_holder_has_the_IP_again_soon()
    {
        HeldRequest late = _fake.Hold("LinkPublicIp");
        _onFirst.Activate(15, 1);
        await _first.Loop.UntilAsync(() => late.HasArrived);

        _first.Loop.LockRevision = null;
        await _second.ActivateAsync(_onSecond);
        Assert.Equal("eni-0000000b", _fake.NicOf(Ip));
        late.Release();
        await _first.IdleAsync(_onFirst);
        Assert.Null(_fake.NicOf(Ip));

        Assert.InRange(_second.DueIn!.Value.TotalSeconds, 3.7, 6.3);
        await _second.NextAsync(_onSecond);
        Assert.Equal("eni-0000000b", _fake.NicOf(Ip));
    }
}
