namespace Link.Core.Plugins.Outscale;

/// <summary>A public IP, as ReadPublicIps tells of it.</summary>
/// <param name="LinkPublicIpId">The association with a NIC; a new one comes with each link to another NIC. Null: not linked.</param>
/// <param name="NicId">Null: not linked to a NIC.</param>
internal sealed record PublicIp(string PublicIpId, string? LinkPublicIpId, string? NicId);
