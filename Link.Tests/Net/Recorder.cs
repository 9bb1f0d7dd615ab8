using Link.Core.Net;
using Link.Core.Net.Linux;

namespace Link.Tests.Net;

/// <summary>Writes down what the network tells, one sentence each.</summary>
internal sealed class Recorder : INetworkEvents
{
    public List<string> Lines { get; } = [];

    public void LinkChanged(NetworkLink link, LinkChange change) => Lines.Add($"link {link.Name}: {change}");

    public void AddressHeld(VirtualAddress address, bool isOurs) => Lines.Add($"held {address}{(isOurs ? "" : " of the administrator")}");

    public void AddressFailed(VirtualAddress address, KernelError error) => Lines.Add($"failed {address}: {error}");

    public void AddressRestored(VirtualAddress address) => Lines.Add($"restored {address}");

    public void AddressLost(VirtualAddress address, AddressLoss loss) => Lines.Add($"lost {address}: {loss}");

    public void RivalHeard(HostAddress address, MacAddress mac) => Lines.Add($"rival {address} {mac}");

    public void ProbeHeard(HostAddress address, MacAddress mac) => Lines.Add($"probe {address} {mac}");

    public void Notice(string text) => Lines.Add($"notice {text}");
}
