using Link.Core.Plugins;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

/// <summary>The plugin under the real driver, against the fake API.</summary>
public sealed class OutscaleOutputTests : IAsyncLifetime
{
    private const string Ip = "eipalloc-12345678";
    private const string MyNic = "eni-0000000a";
    private const string OtherNic = "eni-0000000b";
    private const string Read = "ReadPublicIps";
    private const string Link = "LinkPublicIp";
    private const string Unlink = "UnlinkPublicIp";

    private FakeOutscale _fake = null!;
    private OutscaleHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeOutscale.StartAsync(() => _host.Now);
        _fake.AddNic(MyNic);
        _fake.AddNic(OtherNic);
        _fake.AddPublicIp(Ip);
        _fake.AddPublicIp("eipalloc-0000000b");
        _host = new OutscaleHost(_fake.Url, MyNic);
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        await _fake.DisposeAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(OtherNic)]
    public async Task An_activation_looks_and_links(string? before)
    {
        _fake.Move(Ip, before);
        await _host.ActivateAsync(_host.Add(Ip));
        Assert.Equal(MyNic, _fake.NicOf(Ip));
        Assert.Equal([Read, Link], _fake.Calls);
        Assert.Empty(_host.Loop.Errors);
    }

    [Fact]
    public async Task What_is_linked_to_this_host_already_stays_as_it_is()
    {
        _fake.Move(Ip, MyNic);
        string? association = _fake.LinkOf(Ip);
        await _host.ActivateAsync(_host.Add(Ip));
        Assert.Equal([Read], _fake.Calls);
        Assert.Equal(association, _fake.LinkOf(Ip));
    }

    [Fact]
    public async Task A_deactivation_unlinks()
    {
        RemoteOutput output = _host.Add(Ip);
        await _host.ActivateAsync(output);
        await _host.DeactivateAsync(output);
        Assert.Null(_fake.NicOf(Ip));
        Assert.Equal([Read, Link, Read, Unlink], _fake.Calls);
        Assert.Empty(_host.Loop.Errors);
        Assert.Null(_host.DueIn);
    }

    [Fact]
    public async Task What_an_earlier_process_linked_is_unlinked()
    {
        _fake.Move(Ip, MyNic);
        await _host.DeactivateAsync(_host.Add(Ip));
        Assert.Null(_fake.NicOf(Ip));
        Assert.Empty(_host.Loop.Errors);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(OtherNic)]
    public async Task What_is_not_linked_to_this_host_is_none_of_its_business(string? before)
    {
        _fake.Move(Ip, before);
        string? association = _fake.LinkOf(Ip);
        RemoteOutput output = _host.Add(Ip);
        await _host.DeactivateAsync(output);
        Assert.Equal([Read], _fake.Calls);
        Assert.Equal((before, association), (_fake.NicOf(Ip), _fake.LinkOf(Ip)));
        Assert.Empty(_host.Loop.Errors);
        Assert.True(output.IsFulfilled);
    }

    [Fact]
    public async Task The_link_is_looked_at_each_refresh_interval_and_more_often_after_a_change()
    {
        RemoteOutput output = _host.Add(Ip);
        await _host.ActivateAsync(output);
        long changedAt = _host.Loop.NowMs;
        while (_host.Loop.NowMs - changedAt < 30_000)
        {
            Assert.InRange(_host.DueIn!.Value.TotalSeconds, 3.7, 6.3);
            await _host.NextAsync(output);
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.InRange(_host.DueIn!.Value.TotalSeconds, 45, 75);
            await _host.NextAsync(output);
        }

        Assert.Equal(1, _fake.CallsOf(Link));
        Assert.Empty(_host.Loop.Errors);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(OtherNic)]
    public async Task What_somebody_else_changed_is_put_right(string? to)
    {
        RemoteOutput output = _host.Add(Ip);
        await _host.ActivateAsync(output);
        _fake.Move(Ip, to);
        await _host.NextAsync(output);
        Assert.Equal(MyNic, _fake.NicOf(Ip));
        Assert.Equal(2, _fake.CallsOf(Link));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_host_that_lost_the_lock_while_it_looked_links_nothing(bool whileEnsuring)
    {
        _fake.Move(Ip, whileEnsuring ? MyNic : OtherNic);
        RemoteOutput output = _host.Add(Ip);
        if (whileEnsuring)
            await _host.ActivateAsync(output);
        HeldRequest look = _fake.Hold(Read);
        if (whileEnsuring)
            _host.Loop.Pass((long)_host.DueIn!.Value.TotalMilliseconds);
        else
            output.Activate(15, 1);
        await _host.Loop.UntilAsync(() => look.HasArrived);
        _fake.Move(Ip, OtherNic);
        _host.Loop.LockRevision = null;
        look.Release();
        await _host.IdleAsync(output);
        Assert.Equal(OtherNic, _fake.NicOf(Ip));
        Assert.Equal(0, _fake.CallsOf(Link));
        Assert.Empty(_host.Loop.Errors);
    }

    [Fact]
    public async Task An_unlink_under_way_is_finished_before_the_next_activation_looks()
    {
        RemoteOutput output = _host.Add(Ip);
        await _host.ActivateAsync(output);
        HeldRequest unlink = _fake.Hold(Unlink);
        output.Deactivate();
        await _host.Loop.UntilAsync(() => unlink.HasArrived);
        output.Activate(15, 2);

        // Meanwhile others go on; what was cut off would be over by now.
        RemoteOutput other = _host.Add("eipalloc-0000000b");
        for (int i = 0; i < 20; i++)
            await _host.DeactivateAsync(other);
        Assert.NotNull(output.Call);
        unlink.Release();
        await _host.IdleAsync(output);
        Assert.Equal(MyNic, _fake.NicOf(Ip));
        Assert.Equal([Read, Link, Read, Unlink, .. Enumerable.Repeat(Read, 20), Read, Link], _fake.Calls);
        Assert.Empty(_host.Loop.Errors);
    }

    [Fact]
    public async Task A_look_under_way_is_cut_off_by_the_next_wish()
    {
        RemoteOutput output = _host.Add(Ip);
        _fake.Hang(Read);
        output.Activate(15, 1);
        await _host.Loop.UntilAsync(() => _fake.CallsOf(Read) == 1);
        await _host.DeactivateAsync(output);
        Assert.Equal([Read, Read], _fake.Calls);
        Assert.Empty(_host.Loop.Errors);
    }

    [Fact]
    public async Task A_link_whose_answer_is_lost_is_found_by_the_next_try()
    {
        RemoteOutput output = _host.Add(Ip);
        _fake.Fail(
            context =>
            {
                _fake.Move(Ip, MyNic);
                context.Abort();
                return Task.CompletedTask;
            },
            Link);
        await _host.ActivateAsync(output);
        Assert.StartsWith($"Outscale LinkPublicIp ({Ip}, {MyNic}): 127.0.0.1:", Assert.Single(_host.Loop.Errors));
        Assert.InRange(_host.DueIn!.Value.TotalSeconds, 0.7, 1.3);
        await _host.NextAsync(output);
        Assert.True(output.IsFulfilled);
        Assert.Equal(1, _fake.CallsOf(Link));
    }

    [Fact]
    public async Task A_public_IP_that_is_not_known_is_said_so_and_looked_for_rarely()
    {
        await _host.ActivateAsync(_host.Add("eipalloc-00000bad"));
        Assert.Equal(
            "Outscale has no public IP eipalloc-00000bad in region eu-west-2 for these keys; check public_ip_id, region and whose keys they are", Assert.Single(_host.Loop.Errors));
        Assert.InRange(_host.DueIn!.Value.TotalSeconds, 450, 750);
        Assert.Equal([Read], _fake.Calls);
    }

    [Fact]
    public async Task A_NIC_that_is_not_known_is_said_so_and_tried_rarely()
    {
        using var host = new OutscaleHost(_fake.Url, "eni-00000bad");
        await host.ActivateAsync(host.Add(Ip));
        Assert.Matches(
            $@"^Outscale LinkPublicIp \({Ip}, eni-00000bad\): refused; check .* \(HTTP 400, code 5036, InvalidResource: The NicId does not exist\., request 0475ca1e-", Assert.Single(host.Loop.Errors));
        Assert.InRange(host.DueIn!.Value.TotalSeconds, 450, 750);
    }

    [Fact]
    public async Task An_unlink_that_is_refused_is_a_fault_while_the_IP_is_still_here()
    {
        _fake.Move(Ip, MyNic);
        RemoteOutput output = _host.Add(Ip);
        _fake.Fail(400, "9999", "ResourceConflict", "not now", Unlink);
        await _host.DeactivateAsync(output);
        Assert.Contains("code 9999", Assert.Single(_host.Loop.Errors));
        Assert.True(_host.Loop.Outputs.IsEnding);
        await _host.NextAsync(output);
        Assert.Null(_fake.NicOf(Ip));
        Assert.False(_host.Loop.Outputs.IsEnding);
    }

    [Fact]
    public async Task An_association_that_is_not_told_is_nothing_to_guess()
    {
        RemoteOutput output = _host.Add(Ip);
        _fake.FailText(200, "application/json", $$"""{"PublicIps":[{"PublicIpId":"{{Ip}}","NicId":"{{MyNic}}","LinkPublicIpId":null}]}""", Read);
        await _host.DeactivateAsync(output);
        Assert.Contains("does not say by which association", Assert.Single(_host.Loop.Errors));
        Assert.Equal([Read], _fake.Calls);
    }
}
