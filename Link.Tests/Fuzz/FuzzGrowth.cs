namespace Link.Tests.Fuzz;

/// <summary>A family of inputs, by which work that grows faster than the input is found.</summary>
/// <param name="Make">An input of about so many bytes.</param>
internal sealed record FuzzGrowth(string Name, Func<int, byte[]> Make);
