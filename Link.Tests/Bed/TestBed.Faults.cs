using System.Net;
using System.Net.Sockets;

namespace Link.Tests.Bed;

/// <summary>What goes wrong on the hosts and between them.</summary>
internal sealed partial class TestBed
{
    private const string Table = "bedcut";

    /// <summary>Pulls the cable of a host, or plugs it in: both ends of its veth pair.</summary>
    internal async Task SetLinkAsync(AgentHost host, bool up)
    {
        var state = up ? "up" : "down";
        await Tool.RunAsync("ip", $"-n {Bridge.Name} link set {Port(host.Name)} {state}");
        await Tool.RunAsync("ip", $"-n {host.Namespace.Name} link set {AgentHost.Interface} {state}");
        if (up)
            await Tool.TryAsync("ip", $"-n {host.Namespace.Name} addr replace {host.AddressV6}/64 dev {AgentHost.Interface} nodad".Split(' '));
    }

    /// <summary>The far end of the host's cable goes down: the interface stays up, without carrier.</summary>
    internal Task SetCarrierAsync(AgentHost host, bool up) => Tool.RunAsync("ip", $"-n {Bridge.Name} link set {Port(host.Name)} {(up ? "up" : "down")}");

    /// <summary>The network of the host is gone and so is its agent.</summary>
    internal async Task KillHostAsync(AgentHost host)
    {
        await SetLinkAsync(host, up: false);
        host.KillAgent();
    }

    /// <summary>The host loses etcd, and nothing else.</summary>
    /// <param name="reject">True: connections are reset; false: packets vanish.</param>
    internal async Task CutFromEtcdAsync(AgentHost host, bool reject = false)
    {
        var members = string.Join(", ", Etcd.Select(member => member.Address));
        var verdict = reject ? "reject with tcp reset" : "drop";
        await FilterAsync(host.Namespace, $$"""
            table inet {{Table}} {
              chain o { type filter hook output priority 0; ip daddr { {{members}} } tcp dport {{EtcdMember.ClientPort}} {{verdict}}; }
              chain i { type filter hook input priority 0; ip saddr { {{members}} } tcp sport {{EtcdMember.ClientPort}} {{verdict}}; }
            }
            """);
    }

    /// <summary>A firewall: no datagram of another host reaches this one; TCP, ARP and clients do.</summary>
    internal async Task CutDatagramsAsync(AgentHost host) => await FilterAsync(host.Namespace, $$"""
        table inet {{Table}} {
          chain i { type filter hook input priority 0; ip saddr { {{string.Join(", ", Hosts.Select(other => other.Address))}} } meta l4proto udp drop; }
        }
        """);

    internal Task HealAsync(AgentHost host) => HealAsync(host.Namespace);

    /// <summary>The member loses the other members; its clients still reach it.</summary>
    internal async Task CutFromPeersAsync(EtcdMember member) => await FilterAsync(member.Namespace, $$"""
        table inet {{Table}} {
          chain o { type filter hook output priority 0; tcp dport {{EtcdMember.PeerPort}} drop; tcp sport {{EtcdMember.PeerPort}} drop; }
          chain i { type filter hook input priority 0; tcp dport {{EtcdMember.PeerPort}} drop; tcp sport {{EtcdMember.PeerPort}} drop; }
        }
        """);

    internal Task HealAsync(EtcdMember member) => HealAsync(member.Namespace);

    internal async Task RemoveAddressAsync(AgentHost host, IPAddress address) =>
        await Tool.RunAsync("ip", $"-n {host.Namespace.Name} addr del {WithPrefix(address)} dev {AgentHost.Interface}");

    internal async Task AddAddressAsync(AgentHost host, IPAddress address) =>
        await Tool.RunAsync("ip", $"-n {host.Namespace.Name} addr add {WithPrefix(address)} dev {AgentHost.Interface}{(IsV6(address) ? " nodad" : "")}");

    /// <summary>Says to everybody that the address is at the link address, as an agent does, or a rival.</summary>
    internal static void Announce(NetworkNamespace from, IPAddress address, MacAddress mac) => from.Run(() =>
        PacketSocket.SendFrame(AgentHost.Interface, IsV6(address) ? NeighbourPacket.UnsolicitedAdvertisement(address, mac) : NeighbourPacket.GratuitousArp(address, mac)));

    internal async Task DeleteInterfaceAsync(AgentHost host) => await Tool.RunAsync("ip", $"-n {host.Namespace.Name} link del {AgentHost.Interface}");

    internal Task CreateInterfaceAsync(AgentHost host) => AttachAsync(host);

    internal async Task RenameInterfaceAsync(AgentHost host, string from, string to) => await Tool.RunAsync("ip", $"-n {host.Namespace.Name} -batch -", $"""
        link set {from} down
        link set {from} name {to}
        link set {to} up

        """);

    private static async Task FilterAsync(NetworkNamespace ns, string rules)
    {
        await HealAsync(ns);
        await Tool.RunAsync("ip", $"netns exec {ns.Name} {Programs.Find("nft")} -f -", rules);
    }

    private static async Task HealAsync(NetworkNamespace ns) => await Tool.TryAsync("ip", ["netns", "exec", ns.Name, Programs.Find("nft"), "delete", "table", "inet", Table]);

    private static bool IsV6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    private static string WithPrefix(IPAddress address) => $"{address}/{(IsV6(address) ? 128 : 32)}";
}
