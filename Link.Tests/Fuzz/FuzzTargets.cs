namespace Link.Tests.Fuzz;

/// <summary>Every way in. A parser of what others send has its target here.</summary>
internal static partial class FuzzTargets
{
    // What the targets are made of stands in several files, and is there when the first one asks.
    private static readonly Lazy<IReadOnlyList<FuzzTarget>> s_all = new(static () => [.. Lan(), .. Etcd(), .. Api(), .. Plugins(), .. Texts(), .. Servers()]);

    public static IReadOnlyList<FuzzTarget> All => s_all.Value;

    private static void Require(bool holds, string what)
    {
        if (!holds)
            throw new InvalidOperationException(what);
    }
}
