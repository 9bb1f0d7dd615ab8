using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>Beds that stand, so that the end of the process, however it comes about, takes them down.</summary>
internal static class LiveBeds
{
    private static readonly Lock Guard = new();
    private static readonly List<TestBed> Beds = [];
    private static readonly List<PosixSignalRegistration> Signals = [];

    internal static void Add(TestBed bed)
    {
        lock (Guard)
        {
            Beds.Add(bed);
            if (Signals.Count > 0)
                return;
            AppDomain.CurrentDomain.ProcessExit += (_, _) => RemoveAll();
            // Since .NET 10 a signal ends the process without that event.
            foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
                Signals.Add(PosixSignalRegistration.Create(signal, End));
        }
    }

    internal static void Remove(TestBed bed)
    {
        lock (Guard)
            Beds.Remove(bed);
    }

    private static void End(PosixSignalContext context)
    {
        context.Cancel = true;
        Console.Error.WriteLine($"\n{context.Signal}: taking everything down.");
        RemoveAll();
        Environment.Exit(128 + (context.Signal switch { PosixSignal.SIGINT => LibC.SIGINT, PosixSignal.SIGTERM => LibC.SIGTERM, _ => 1 }));
    }

    private static void RemoveAll()
    {
        TestBed[] beds;
        lock (Guard)
            beds = [.. Beds];
        foreach (var bed in beds)
            bed.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
