// Says which connections a set of NetworkPolicies allows, in the judgement of cyclonus' matcher: an opinion on what the
// API means that is not ours. Reads cases as JSON from its input, writes a list of verdicts for each.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

type pod struct {
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
	IP              string            `json:"ip"`
}

type probe struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Port     int    `json:"port"`
	PortName string `json:"portName"`
	Protocol string `json:"protocol"`
}

type input struct {
	Pods   map[string]pod                `json:"pods"`
	Probes []probe                       `json:"probes"`
	Cases  [][]*networking.NetworkPolicy `json:"cases"`
}

func (p pod) peer() *matcher.TrafficPeer {
	return &matcher.TrafficPeer{
		IP: p.IP,
		Internal: &matcher.InternalPeer{
			PodLabels:       p.Labels,
			NamespaceLabels: p.NamespaceLabels,
			Namespace:       p.Namespace,
		},
	}
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatalf("cases on standard input: %v", err)
	}
	verdicts := make([][]bool, 0, len(in.Cases))
	for _, policies := range in.Cases {
		policy := matcher.BuildNetworkPolicies(false, policies)
		row := make([]bool, 0, len(in.Probes))
		for _, probe := range in.Probes {
			row = append(row, policy.IsTrafficAllowed(&matcher.Traffic{
				Source:           in.Pods[probe.From].peer(),
				Destination:      in.Pods[probe.To].peer(),
				ResolvedPort:     probe.Port,
				ResolvedPortName: probe.PortName,
				Protocol:         v1.Protocol(probe.Protocol),
			}).IsAllowed())
		}
		verdicts = append(verdicts, row)
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		log.Fatal(err)
	}
}
