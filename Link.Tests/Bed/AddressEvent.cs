using System.Net;

namespace Link.Tests.Bed;

/// <summary>A host got an address that it did not have, or lost it.</summary>
/// <param name="Namespace">Number of the host's namespace in the log.</param>
internal readonly record struct AddressEvent(long At, int Namespace, bool Added, IPAddress Address, int PrefixLength);
