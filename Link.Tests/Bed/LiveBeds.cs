namespace Link.Tests.Bed;

/// <summary>Beds that stand, so that the end of the process, however it comes about, takes them down.</summary>
internal static class LiveBeds
{
    private static readonly Lock Guard = new();
    private static readonly List<TestBed> Beds = [];
    private static bool _hooked;

    internal static void Add(TestBed bed)
    {
        lock (Guard)
        {
            Beds.Add(bed);
            if (!_hooked)
                AppDomain.CurrentDomain.ProcessExit += (_, _) => RemoveAll();
            _hooked = true;
        }
    }

    internal static void Remove(TestBed bed)
    {
        lock (Guard)
            Beds.Remove(bed);
    }

    internal static void RemoveAll()
    {
        TestBed[] beds;
        lock (Guard)
            beds = [.. Beds];
        foreach (var bed in beds)
            bed.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
