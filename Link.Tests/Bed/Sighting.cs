namespace Link.Tests.Bed;

/// <summary>What the client heard about who has an address: an ARP frame, or a neighbour advertisement.</summary>
/// <param name="Kind">request, reply or advertisement.</param>
internal readonly record struct Sighting(long At, string Kind, MacAddress Sender, bool Gratuitous);
