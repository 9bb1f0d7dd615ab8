using System.Net;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>A machine that is the first of two hosts of a bed, with the agent of a package: what the tests of both packages do with it.</summary>
internal sealed class PackagedHost : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    internal static readonly IPAddress LoneVip = IPAddress.Parse("10.77.0.201");

    private PackagedHost(TestBed bed, Machine machine) => (Bed, Machine) = (bed, machine);

    internal TestBed Bed { get; }

    internal Machine Machine { get; }

    /// <summary>Skips the test where no machine can be had.</summary>
    internal static async Task<PackagedHost> StartAsync(string root)
    {
        var bed = await TestBed.StartAsync(new BedOptions { Hosts = 2, AgentEnvironment = BedOptions.ModerateLease, EtcdInMemory = true });
        try
        {
            var (machine, trouble) = await Machine.TryStartAsync(root, bed.Host(1).Namespace, Path.Combine(bed.Folder, "machine.log"));
            Assert.SkipWhen(machine is null, $"only PlainRootTests ran: {trouble}");
            return new PackagedHost(bed, machine!);
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Completes /etc/link/link.env and starts the agent.</summary>
    internal async Task ConfigureAsync(string etcd, params string[] more)
    {
        string[] lines = [.. BedOptions.ModerateLease.Select(static pair => $"{pair.Key}={pair.Value}"), $"ETCD_HOSTS={etcd}", $"INTERFACE={AgentHost.Interface}", "HOSTNAME=h1", .. more];
        await Machine.RunAsync($"printf '%s\\n' {string.Join(' ', lines.Select(static line => $"'{line}'"))} >>/etc/link/link.env && systemctl start link");
    }

    /// <summary>One address for which the other host competes, and one for which nobody does.</summary>
    internal async Task HoldAsync()
    {
        await Machine.RunAsync($"link-client ips add {TestBed.Vip}/32 --wait && link-client ips add {LoneVip}/32 --wait");
        await Bed.Host(2).StartAgentAsync();
        await Bed.Host(2).Api.AddAsync(TestBed.Vip, null);
        await Wait.UntilAsync("two competitors", async () => (await Machine.RunAsync($"link-client ips hosts {TestBed.Vip}")).Contains("h2", StringComparison.Ordinal), Patience);
        Assert.True(Bed.Addresses.IsPresent(1, TestBed.Vip));
    }

    /// <summary>Another version is installed, which runs afterwards, and neither address was touched.</summary>
    internal async Task ChangeVersionAsync(string command)
    {
        var before = (Bed.Addresses.Events(TestBed.Vip).Count, Bed.Addresses.Events(LoneVip).Count);
        var process = await Machine.RunAsync("systemctl show link -p MainPID");
        await Machine.RunAsync(command);
        Assert.NotEqual(process, await Machine.RunAsync("systemctl show link -p MainPID"));
        await Wait.UntilAsync("the new agent", async () => (await Machine.TryAsync("link-client health")).Code == 0, Patience);
        Assert.Contains("h1 ", await Machine.RunAsync($"link-client ips hosts {TestBed.Vip} | grep yes"), StringComparison.Ordinal);
        Assert.Equal(before, (Bed.Addresses.Events(TestBed.Vip).Count, Bed.Addresses.Events(LoneVip).Count));
    }

    /// <summary>The package is removed: what the host held is handed over, and nothing is left behind.</summary>
    internal async Task RemoveAsync(string command)
    {
        var before = Bed.Addresses.Events(TestBed.Vip).Count;
        await Machine.RunAsync(command);
        // Handed over: the other host had it before this one let go.
        await Wait.UntilAsync("two changes of the address", () => Bed.Addresses.Events(TestBed.Vip).Count >= before + 2, Patience);
        Assert.Equal([(2, true), (1, false)], Bed.Addresses.Events(TestBed.Vip).Skip(before).Select(change => (change.Namespace, change.Added)));
        await Wait.UntilAsync("the end of the other address", () => !Bed.Addresses.IsPresent(1, LoneVip), Patience);
        Assert.DoesNotContain("/link/drained", await Tool.RunAsync("ip", ["netns", "exec", Bed.Etcd[0].Namespace.Name, "etcdctl", "get", "--prefix", "--keys-only", "/link/"]), StringComparison.Ordinal);
        Assert.Equal("", await Machine.RunAsync("ls -A /usr/lib/link /run/link 2>/dev/null || true"));
    }

    /// <summary>For the output of a test that failed.</summary>
    internal async Task<string> LogsAsync() =>
        (await Machine.TryAsync("journalctl --no-pager -u link -n 60; systemctl status --no-pager link")).Text + Bed.Logs();

    public async ValueTask DisposeAsync()
    {
        await Machine.DisposeAsync();
        await Bed.DisposeAsync();
    }
}
