using System.Globalization;
using System.Runtime.CompilerServices;
using Link.Core.Net;
using Link.Core.Net.Linux;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Net;

/// <summary>What the kernel takes for our requests here; run with <c>-explicit only -showLiveOutput</c>.</summary>
public sealed class Measurements(ITestOutputHelper output) : IDisposable
{
    private readonly NetworkNamespace _a = new();
    private readonly NetworkNamespace _b = new();

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact(Explicit = true)]
    public void Addresses_and_announcements() => Measure();

    private void Measure([CallerMemberName] string? name = null)
    {
        NetworkNamespace.Connect(_a, _b);
        output.WriteLine(name!);
        _a.Run(() =>
        {
            using var kernel = new RtNetlink();
            var link = kernel.DumpLinks().Single(l => l.Name == "eth0");
            foreach (var pattern in new[] { "10.1.{0}.{1}", "2001:db8::{0}:{1}" })
            {
                var addresses = Enumerable.Range(0, 10_000).Select(i => VirtualAddress.Parse(string.Format(CultureInfo.InvariantCulture, pattern, i / 250, i % 250))).ToArray();
                for (var round = 0; round < 2; round++)
                {
                    Time($"one by one, add {pattern}", 200, i => kernel.Change(new AddressRequest(AddressRequestKind.Add, link, addresses[i], 60)));
                    Time($"one by one, renew {pattern}", 200, i => kernel.Change(new AddressRequest(AddressRequestKind.Refresh, link, addresses[i], 60)));
                    Time($"one by one, remove {pattern}", 200, i => kernel.Change(new AddressRequest(AddressRequestKind.Remove, link, addresses[i])));
                }

                // IPv6 takes 35 s for the larger number: Linux walks all its addresses for each.
                foreach (var count in pattern.Contains(':', StringComparison.Ordinal) ? new[] { 100, 1000 } : [1000, 10_000])
                {
                    foreach (var kind in new[] { AddressRequestKind.Add, AddressRequestKind.Refresh, AddressRequestKind.Remove })
                    {
                        var requests = addresses.Take(count).Select(a => new AddressRequest(kind, link, a, 60)).ToArray();
                        var errors = new KernelError?[count];
                        var calls = kernel.SystemCalls;
                        Time($"{count} in batches, {kind} {pattern}", 1, _ => kernel.Change(requests, errors));
                        Assert.All(errors, Assert.Null);
                        output.WriteLine($"  system calls: {kernel.SystemCalls - calls}");
                    }
                }
            }

            using var frames = new PacketFrames();
            var frame = new byte[NeighbourPacket.MaxSize];
            for (var round = 0; round < 2; round++)
            {
                Time("announce IPv4 (two frames)", 10_000, _ =>
                {
                    frames.Send(link.Index, IfArp.ETH_P_ARP, MacAddress.Broadcast, frame.AsSpan(0, ArpPacket.Announcement(link.Mac!.Value, HostAddress.Any4).Write(frame)));
                    frames.Send(link.Index, IfArp.ETH_P_ARP, MacAddress.Broadcast, frame.AsSpan(0, ArpPacket.AnnouncementReply(link.Mac!.Value, HostAddress.Any4).Write(frame)));
                });
                Time("announce IPv6 (one frame)", 10_000, _ =>
                    frames.Send(link.Index, IfArp.ETH_P_IPV6, MacAddress.AllNodes, frame.AsSpan(0, NeighbourPacket.Announcement(link.Mac!.Value, HostAddress.AllNodes, false).Write(frame))));
            }

            using var host = new TestHost();
            var held = VirtualAddress.Parse("10.200.0.1");
            for (var round = 0; round < 2; round++)
            {
                Time("hold, flush, first announcement, release, flush", 500, _ =>
                {
                    host.Network.Hold(held, "eth0", 10, TestHost.Now);
                    host.Network.Flush(TestHost.Now);
                    host.Network.Release(held.Host);
                    host.Network.Flush(TestHost.Now);
                });
            }

            var many = Enumerable.Range(0, 1000).Select(i => VirtualAddress.Parse($"10.9.{i >> 8}.{i & 255}")).ToArray();
            Time("HostNetwork: hold 1000, first turn", 1, _ =>
            {
                foreach (var address in many)
                    host.Network.Hold(address, "eth0", 10, TestHost.Now);
                host.Network.Flush(TestHost.Now);
            });
            Time("HostNetwork: extend 1000, first turn", 1, _ =>
            {
                foreach (var address in many)
                    host.Network.Extend(address.Host, 10, TestHost.Now);
                host.Network.Flush(TestHost.Now);
            });
            Time("HostNetwork: release 1000, first turn", 1, _ =>
            {
                foreach (var address in many)
                    host.Network.Release(address.Host);
                host.Network.Flush(TestHost.Now);
            });
        });
    }

    private void Time(string what, int times, Action<int> action)
    {
        var start = BootClock.NowNs;
        for (var i = 0; i < times; i++)
            action(i);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {(BootClock.NowNs - start) / 1000.0 / times:f1} us"));
    }
}
