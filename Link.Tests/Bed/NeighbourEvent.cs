using System.Net;

namespace Link.Tests.Bed;

/// <summary>The neighbour table of a namespace changed.</summary>
/// <param name="Mac">Null: not known, or gone.</param>
internal readonly record struct NeighbourEvent(long At, int Namespace, IPAddress Address, MacAddress? Mac);
