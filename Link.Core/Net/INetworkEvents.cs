using Link.Core.Net.Linux;

namespace Link.Core.Net;

/// <summary>What <see cref="HostNetwork"/> tells its owner, on the owner's thread and from within a call to it.</summary>
internal interface INetworkEvents
{
    /// <summary>An interface changed; its <see cref="NetworkLink.Fault"/> says whether it can serve addresses.</summary>
    void LinkChanged(NetworkLink link, LinkChange change);

    /// <summary>The address is on its interface and neighbours are being told.</summary>
    /// <param name="isOurs">False: the administrator had put it there, and it stays when we release it.</param>
    void AddressHeld(VirtualAddress address, bool isOurs);

    /// <summary>The kernel refused to add, renew or remove it. It is tried again when the interface changes or with the next Hold or Extend.</summary>
    void AddressFailed(VirtualAddress address, KernelError error);

    /// <summary>Another program removed it, and it is back.</summary>
    void AddressRestored(VirtualAddress address);

    /// <summary>It is gone.</summary>
    void AddressLost(VirtualAddress address, AddressLoss loss);

    /// <summary>Another machine claims an address that we hold or watch; at most a few times a second for each address.</summary>
    void RivalHeard(HostAddress address, MacAddress mac);

    /// <summary>Another machine asks whether the address is free; at most a few times a second for each address.</summary>
    void ProbeHeard(HostAddress address, MacAddress mac);

    /// <summary>Something that the operator should know once.</summary>
    void Notice(string text);
}
