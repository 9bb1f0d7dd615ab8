namespace Link.Core.Net;

/// <summary>What the kernel tells unasked.</summary>
internal interface INetworkNotices
{
    void LinkSeen(NetworkLink link, long nowMs);

    void LinkDeleted(int index, long nowMs);

    /// <param name="causedBy">The netlink port of the program that asked for it; 0 = the kernel itself.</param>
    void AddressAdded(AddressRecord address, uint causedBy, long nowMs);

    /// <inheritdoc cref="AddressAdded"/>
    void AddressRemoved(AddressRecord address, uint causedBy, long nowMs);

    /// <summary>The buffer ran over; everything has to be read again.</summary>
    void NoticesLost(long nowMs);
}
